"""Asking a server, and listening to its events (Server-Sent Events), for whoever runs this: they say where to, so that
nothing is guarded."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager

import aiohttp
import msgspec

from flagkeeper import __version__
from flagkeeper.outbound.errors import TimedOut, Unreachable

PATIENCE = 45.0
"""Seconds without a sign of life after which the connection counts as broken. Servers send one every 15."""
ANSWER = 15.0
"""Seconds until the answer begins."""
CONNECT = 10.0
"""Seconds to connect."""
LARGEST = 16 * 1024 * 1024
"""Bytes of one line, and of the data of one message."""
_OWN = {"User-Agent": f"Flagkeeper/{__version__}"}


class Message(msgspec.Struct, frozen=True):
    """What a server said. A message without data only says where the stream is."""

    kind: str
    id: str
    data: bytes


class StreamRefused(Exception):
    """The server answered, but not with what was asked for."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


async def ask(url: str, headers: dict[str, str]) -> bytes:
    """What the server answers.

    Raises:
        StreamRefused: any status but 200.
        Unreachable, TimedOut: there is no connection, or it broke.
    """
    timeout = aiohttp.ClientTimeout(total=PATIENCE, sock_connect=CONNECT)
    with _reaching(url):
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, headers={**_OWN, **headers}, allow_redirects=False) as response,
        ):
            body = await response.read()
            if response.status != 200:
                raise StreamRefused(response.status, body)
            return body


Parameters = Mapping[str, str] | Sequence[tuple[str, str]]


async def listen(
    url: str, parameters: Parameters, headers: dict[str, str], patience: float = PATIENCE
) -> AsyncGenerator[Message, None]:
    """The messages of one connection, until the server closes it, or has not ended a line for `patience` seconds: bytes
    that drip are no sign of life.

    Raises:
        StreamRefused: it refuses.
        Unreachable, TimedOut: there is no connection, or it broke.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=min(CONNECT, patience), sock_read=patience)
    own = {**_OWN, "Accept": "text/event-stream", "Cache-Control": "no-store"}
    with _reaching(url):
        async with aiohttp.ClientSession(timeout=timeout, read_bufsize=LARGEST) as session:
            async with asyncio.timeout(min(ANSWER, patience)):
                response = await session.get(url, params=parameters, headers={**own, **headers}, allow_redirects=False)
            async with response:
                if response.status != 200 or response.content_type != "text/event-stream":
                    raise StreamRefused(response.status, await response.content.read(64 * 1024))
                reader = MessageReader()
                while line := await _line(response.content, patience):
                    message = reader.line(line.rstrip(b"\r\n"))
                    if message is not None:
                        yield message


async def _line(content: aiohttp.StreamReader, patience: float) -> bytes:
    async with asyncio.timeout(patience):
        return await content.readline()


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise TimedOut(f"{url} gave no sign of life") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Unreachable(f"there is no connection to {url}: {error}") from error


class MessageReader:
    """Puts lines together to messages."""

    def __init__(self) -> None:
        self._kind = ""
        self._id = ""
        self._data: list[bytes] = []
        self._size = 0

    def line(self, line: bytes) -> Message | None:
        """The message that ends with this line, if one does. Raises `ValueError` for one that is too large."""
        if not line:
            message = Message(self._kind or "message", self._id, b"\n".join(self._data))
            self._kind, self._data, self._size = "", [], 0
            return message
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"data":
                self._size += len(value)
                if self._size > LARGEST:
                    raise ValueError(f"a message has more than {LARGEST} bytes")
                self._data.append(value)
            case b"event":
                self._kind = value.decode()
            case b"id":
                self._id = value.decode()
        return None
