"""Messages for NATS JetStream: the few words of its protocol that publishing with an acknowledgement needs.

The official client is not used: it speaks in clear where `tls://` was asked for and the server wants no TLS, and it
goes wherever the server sends it (docs/adr/0103-nats-jetstream.md).
"""

import asyncio
import os
import ssl

import msgspec

from flagkeeper import __version__
from flagkeeper.outbound.errors import Refused, TimedOut, Unreachable
from flagkeeper.outbound.guard import Guard, connect
from flagkeeper.outbound.outgoing import Answer, BrokerMessage
from flagkeeper.outbound.target import Target, read_target

SCHEMES = ("nats", "tls")
MOST_LINE = 64 * 1024
"""Bytes of a line, or of an acknowledgement."""
NOBODY_LISTENS = 503
"""The status of the reply when no stream keeps the subject."""
_CONNECT = {
    "name": "flagkeeper",
    "lang": "python",
    "version": __version__,
    "protocol": 1,
    "verbose": False,
    "pedantic": False,
    "headers": True,
    "no_responders": True,
}


class _Broken(Exception):
    """The server said something that ends the conversation."""


class _Info(msgspec.Struct, frozen=True):
    """What we want to know of a server; it says more."""

    headers: bool = False
    tls_required: bool = False
    tls_available: bool = False
    max_payload: int = 1024 * 1024


class _Failure(msgspec.Struct, frozen=True):
    code: int = 500
    description: str = ""


class _Acknowledgement(msgspec.Struct, frozen=True):
    """What JetStream replies: a stream and a number, or an error."""

    stream: str = ""
    seq: int = 0
    duplicate: bool = False
    error: _Failure | None = None


async def publish(guard: Guard, trust: ssl.SSLContext, message: BrokerMessage, timeout: float) -> Answer:
    """What the stream said.

    Raises:
        Refused, Unreachable, TimedOut: it said nothing.
    """
    target = read_target(message.server, SCHEMES)
    try:
        async with asyncio.timeout(timeout):
            return await _publish(guard, trust, target, message)
    except TimeoutError as error:
        raise TimedOut(f"{target.host} did not answer within {timeout:g} s") from error
    except _Broken as error:
        return Answer(status=422, message=str(error)[:300])
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise Unreachable(f"{target.host} broke off the conversation") from error


async def _publish(guard: Guard, trust: ssl.SSLContext, target: Target, message: BrokerMessage) -> Answer:
    reader, writer = await asyncio.open_connection(sock=await connect(guard, target), limit=MOST_LINE)
    try:
        info = await _greet(reader, writer, trust, target, message)
        content, headers = message.body, _headers(message.headers)
        if len(content) + len(headers) > info.max_payload:
            return Answer(status=413, message=f"NATS takes {info.max_payload} bytes at most")
        inbox = f"_INBOX.{os.urandom(12).hex()}"
        writer.write(
            f"SUB {inbox} 1\r\nHPUB {message.subject} {inbox} {len(headers)} {len(headers) + len(content)}\r\n".encode()
            + headers
            + content
            + b"\r\n"
        )
        return _judged(*await _reply(reader, writer))
    finally:
        writer.transport.abort()


async def _greet(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    trust: ssl.SSLContext,
    target: Target,
    message: BrokerMessage,
) -> _Info:
    """Encryption first, then who we are."""
    verb, _, rest = (await reader.readline()).partition(b" ")
    if verb.upper() != b"INFO":
        raise Unreachable(f"what listens at {target.host} is no NATS server")
    info = msgspec.json.decode(rest, type=_Info)
    encrypted = info.tls_required or info.tls_available
    if target.scheme == "tls" and not encrypted:
        raise Refused(f"{target.host} offers no encryption, which tls:// asks for")
    if encrypted:
        await writer.start_tls(trust, server_hostname=target.host)
    secret = {"user": message.username, "pass": message.password, "auth_token": message.token}
    if (message.password or message.token) and not encrypted:
        raise Refused(f"{target.host} offers no encryption, so no password is sent")
    known = {name: value for name, value in secret.items() if value}
    writer.write(b"CONNECT " + msgspec.json.encode({**_CONNECT, "tls_required": encrypted, **known}) + b"\r\nPING\r\n")
    while (line := await _line(reader, writer)) != b"PONG":
        if line.startswith(b"-ERR"):
            raise _Broken(line[4:].decode(errors="replace").strip())
    return info


async def _reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[bytes, bytes]:
    """Headers and body of the next message."""
    while True:
        verb, _, rest = (await _line(reader, writer)).partition(b" ")
        sizes = rest.split()
        if verb == b"-ERR":
            raise _Broken(rest.decode(errors="replace"))
        if verb in (b"MSG", b"HMSG"):
            total, before = int(sizes[-1]), int(sizes[-2]) if verb == b"HMSG" else 0
            if not 0 <= before <= total <= MOST_LINE:
                raise ValueError("a reply of that size is none")
            content = await reader.readexactly(total + 2)
            return content[:before], content[before:total]


async def _line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The next line, which is not the server's question whether we are still there."""
    while True:
        line = await reader.readline()
        if not line:
            raise ConnectionResetError
        if line.strip().upper() != b"PING":
            return line.strip()
        writer.write(b"PONG\r\n")


def _judged(headers: bytes, body: bytes) -> Answer:
    if headers.startswith(f"NATS/1.0 {NOBODY_LISTENS}".encode()):
        return Answer(status=503, message="no stream keeps this subject")
    said = msgspec.json.decode(body, type=_Acknowledgement)
    if said.error:
        return Answer(status=503 if said.error.code >= 500 else 422, message=said.error.description[:300])
    again = ", which had it already" if said.duplicate else ""
    return Answer(status=200, message=f"stream {said.stream}, message {said.seq}{again}")


def _headers(headers: dict[str, str]) -> bytes:
    """Raises `Refused` for what would be more than one header."""
    if any("\r" in text or "\n" in text for pair in headers.items() for text in pair):
        raise Refused("a header may not have more than one line")
    return "".join(["NATS/1.0\r\n", *(f"{name}: {value}\r\n" for name, value in headers.items()), "\r\n"]).encode()
