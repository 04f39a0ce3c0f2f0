"""A server that this process depends on, and which whoever runs it has named: nothing is guarded. What it answers is
bounded, and redirects are not followed: what is sent there is for it alone."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import suppress

import aiohttp
import msgspec

from flagkeeper import __version__
from flagkeeper.outbound.errors import TimedOut, Unreachable
from flagkeeper.outbound.event_stream import CONNECT, PATIENCE, Message, Parameters, listen

LARGEST = 64 * 1024 * 1024
"""Bytes of an answer, unpacked."""
MOST_PATHS, REMEMBERED = 20, 1_000
"""Of how many paths, and of how many answers of each, is kept how long they took."""
LONGEST_WAIT = 300.0
"""Seconds that it may ask us to wait."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a server may take, in seconds."""

    request: float = 30.0
    """For a request and its whole answer."""
    silence: float = 10.0
    """Without a byte of an answer."""
    stream: float = PATIENCE
    """Without a line of a stream."""


class UpstreamAnswer(msgspec.Struct, frozen=True):
    status: int
    body: bytes
    etag: str | None = None
    retry_after: float | None = None
    """Seconds."""

    @property
    def is_overload(self) -> bool:
        """Whether the same may go well later."""
        return self.status in (408, 425, 429) or self.status >= 500


class UpstreamServer:
    """One server, by the address below which it is found. Everything is awaited on one event loop.

    Every method raises `Unreachable` or `TimedOut` when there is no answer, or none that HTTP knows.
    """

    def __init__(self, url: str, patience: Patience | None = None) -> None:
        self.url = url
        self.took: dict[str, list[float]] = {}
        """Seconds of the last answers, by path."""
        self._patience = patience or Patience()
        self._opened: aiohttp.ClientSession | None = None

    async def get(self, path: str, parameters: Parameters, headers: dict[str, str]) -> UpstreamAnswer:
        return await self._ask("GET", path, parameters, headers, None)

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> UpstreamAnswer:
        return await self._ask("POST", path, {}, {**headers, "Content-Type": "application/json"}, body)

    def listen(self, path: str, parameters: Parameters, headers: dict[str, str]) -> AsyncGenerator[Message, None]:
        """Raises `StreamRefused` as well (`event_stream.listen`)."""
        return listen(f"{self.url}{path}", parameters, headers, self._patience.stream)

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    @property
    def _session(self) -> aiohttp.ClientSession:
        """Opened when it is first needed, for it belongs to the event loop that runs then."""
        if self._opened is None:
            patience = self._patience
            self._opened = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(
                    total=patience.request, sock_connect=min(CONNECT, patience.request), sock_read=patience.silence
                ),
                headers={"User-Agent": f"Flagkeeper/{__version__}", "Accept-Encoding": "gzip"},
            )
        return self._opened

    async def _ask(
        self, method: str, path: str, parameters: Parameters, headers: dict[str, str], body: bytes | None
    ) -> UpstreamAnswer:
        began = time.monotonic()
        try:
            async with self._session.request(
                method, f"{self.url}{path}", params=parameters, headers=headers, data=body, allow_redirects=False
            ) as response:
                answer = UpstreamAnswer(
                    response.status,
                    await _read(response),
                    response.headers.get("ETag"),
                    _seconds(response.headers.get("Retry-After", "")),
                )
                self._remember(path, time.monotonic() - began)
                return answer
        except TimeoutError as error:
            raise TimedOut(f"{self.url} did not answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(f"there is no answer from {self.url}: {error}") from error

    def _remember(self, path: str, seconds: float) -> None:
        if path not in self.took and len(self.took) >= MOST_PATHS:
            return
        kept = self.took.setdefault(path, [])
        kept.append(seconds)
        del kept[:-REMEMBERED]


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Raises `ValueError` for a body that is too large."""
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > LARGEST:
            response.close()
            raise ValueError(f"the answer has more than {LARGEST} bytes")
        parts.append(part)
    return b"".join(parts)


def _seconds(text: str) -> float | None:
    with suppress(ValueError):
        return min(max(float(int(text)), 0.0), LONGEST_WAIT)
    return None


async def pause(seconds: float, woken: asyncio.Event) -> None:
    """Waits so long, or until somebody has a reason to go on."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await woken.wait()
    woken.clear()
