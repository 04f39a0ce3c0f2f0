"""HTTP requests to others. Redirects are not followed, proxies of the environment not used, cookies not kept."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from flagkeeper import __version__
from flagkeeper.outbound.errors import Refused, TimedOut, Unreachable
from flagkeeper.outbound.guard import Guard, no_connection
from flagkeeper.outbound.outgoing import Answer, HttpRequest
from flagkeeper.outbound.target import Target, read_target

MOST_BODY = 64 * 1024
"""Bytes of an answer that are read."""
BODY_PATIENCE = 2.0
"""Seconds that a body may take."""
PER_HOST = 32
"""Requests to one host at a time: one that hangs holds up only what goes there."""
KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: less than most servers do, so that ours is rarely closed under us."""


class Http:
    """One pool of connections for the whole process."""

    def __init__(self, guard: Guard, trust: Callable[[], ssl.SSLContext], timeout: float) -> None:
        self._guard = guard
        self._trust = trust
        self._timeout = timeout
        self._lanes = _Lanes(PER_HOST)
        self._opened: aiohttp.ClientSession | None = None

    @property
    def _session(self) -> aiohttp.ClientSession:
        """Opened when it is first needed, for it belongs to the event loop that runs then."""
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=_CheckedResolver(self._guard),
                    ssl=self._trust(),
                    use_dns_cache=False,
                    limit=0,
                    keepalive_timeout=KEEP_ALIVE,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                headers={"User-Agent": f"Flagkeeper/{__version__}", "Accept-Encoding": "identity"},
                auto_decompress=False,
                trust_env=False,
            )
        return self._opened

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    async def exchange(self, request: HttpRequest) -> Answer:
        """What the receiver answered, whatever it was.

        Raises:
            Refused, Unreachable, TimedOut: there is no answer.
        """
        target = read_target(request.url)
        self._guard.check_literal(target)
        async with self._lanes.enter(target.host):
            try:
                async with asyncio.timeout(self._timeout):
                    return await self._exchange(request, target)
            except TimeoutError as error:
                raise TimedOut(f"{target.host} did not answer within {self._timeout:g} s") from error
            except (aiohttp.ClientError, OSError) as error:
                raise Unreachable(_why(error, target.host)) from error
            except ValueError as error:
                raise Refused("this request cannot be written as HTTP") from error

    async def _exchange(self, request: HttpRequest, target: Target) -> Answer:
        async with self._session.request(
            request.method, target.url, headers=request.headers, data=request.body, allow_redirects=False
        ) as response:
            return Answer(
                status=response.status,
                body=await _read(response),
                retry_after=_seconds(response.headers.get("Retry-After")),
            )


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The beginning of the body. The status says what became of the request already, so that a body which breaks off or
    does not come is no failure."""
    body = b""
    try:
        async with asyncio.timeout(BODY_PATIENCE):
            while len(body) < MOST_BODY and (chunk := await response.content.read(MOST_BODY - len(body))):
                body += chunk
    except (aiohttp.ClientError, OSError):
        response.close()
    return body


def _seconds(retry_after: str | None) -> float | None:
    """How long to wait, from seconds or a date. None for anything else."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 10:
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _why(error: Exception, host: str) -> str:
    """In a few words, and without the address that was connected to."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"the certificate of {host} is not valid"
        case aiohttp.ClientSSLError():
            return f"no encrypted connection to {host} could be made"
        case aiohttp.ClientConnectorError():
            return no_connection(host, error.os_error)
        case aiohttp.ServerDisconnectedError() | ConnectionError() | aiohttp.ClientOSError():
            return f"{host} closed the connection without an answer"
        case _:
            return f"what {host} answered is not HTTP"


class _CheckedResolver(AbstractResolver):
    """aiohttp asks it for each new connection to a name, and connects to what it says."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Both families, unless only one is asked for."""
        version = {socket.AF_INET: 4, socket.AF_INET6: 6}.get(family)
        addresses = await self._guard.addresses(read_target(f"http://{host}:{port}"))
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
            if version in (None, address.version)
        ]

    async def close(self) -> None:
        """Nothing to close."""


class _Lanes:
    """At most so many requests to one host at a time; the wait for one's turn is not part of any deadline."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._hosts: dict[str, tuple[asyncio.Semaphore, list[None]]] = {}

    @asynccontextmanager
    async def enter(self, host: str) -> AsyncIterator[None]:
        lane, inside = self._hosts.setdefault(host, (asyncio.Semaphore(self._width), []))
        inside.append(None)
        try:
            async with lane:
                yield
        finally:
            inside.pop()
            if not inside:
                del self._hosts[host]
