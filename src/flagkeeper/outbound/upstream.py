"""A server that this process depends on, and which whoever runs it has named: nothing is guarded. What it answers is
bounded, and redirects are not followed: what is sent there is for it alone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import aiohttp
import msgspec

from flagkeeper import __version__
from flagkeeper.outbound.errors import TimedOut, Unreachable
from flagkeeper.outbound.event_stream import CONNECT, Message, Parameters, listen

LARGEST = 64 * 1024 * 1024
"""Bytes of an answer, unpacked."""
TIMEOUT = 30.0
"""Seconds for a request and its answer."""
LONGEST_WAIT = 300.0
"""Seconds that it may ask us to wait."""


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

    def __init__(self, url: str) -> None:
        self.url = url
        self._opened: aiohttp.ClientSession | None = None

    async def get(self, path: str, parameters: Parameters, headers: dict[str, str]) -> UpstreamAnswer:
        return await self._ask("GET", path, parameters, headers, None)

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> UpstreamAnswer:
        return await self._ask("POST", path, {}, {**headers, "Content-Type": "application/json"}, body)

    def listen(self, path: str, parameters: Parameters, headers: dict[str, str]) -> AsyncGenerator[Message, None]:
        """Raises `StreamRefused` as well (`event_stream.listen`)."""
        return listen(f"{self.url}{path}", parameters, headers)

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    @property
    def _session(self) -> aiohttp.ClientSession:
        """Opened when it is first needed, for it belongs to the event loop that runs then."""
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT, sock_connect=CONNECT),
                headers={"User-Agent": f"Flagkeeper/{__version__}", "Accept-Encoding": "gzip"},
            )
        return self._opened

    async def _ask(
        self, method: str, path: str, parameters: Parameters, headers: dict[str, str], body: bytes | None
    ) -> UpstreamAnswer:
        try:
            async with self._session.request(
                method, f"{self.url}{path}", params=parameters, headers=headers, data=body, allow_redirects=False
            ) as response:
                return UpstreamAnswer(
                    response.status,
                    await _read(response),
                    response.headers.get("ETag"),
                    _seconds(response.headers.get("Retry-After", "")),
                )
        except TimeoutError as error:
            raise TimedOut(f"{self.url} did not answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(f"there is no answer from {self.url}: {error}") from error


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
