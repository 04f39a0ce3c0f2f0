"""uvicorn, run our way: bounds on what clients may do, signals that are left to us, and streams that end in time."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from flagkeeper.cli.connections import Connections, bounds_of_process
from flagkeeper.cli.protocol import bounded
from flagkeeper.http.event_stream import Address
from flagkeeper.http.metrics import RequestMetrics
from flagkeeper.settings import Settings


class Listener(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise them again, before the application has stopped.

    Args:
        settings: where it listens, and how long it waits for clients.
        end_streams: ends what would hold us up, and says which clients have not taken the end.
    """

    def __init__(
        self,
        application: Callable[..., Any],
        metrics: RequestMetrics,
        settings: Settings,
        end_streams: Callable[[], Awaitable[set[Address]]],
    ) -> None:
        self._end = end_streams
        self._connections = Connections(bounds_of_process(), settings.trusted_proxies)
        super().__init__(
            uvicorn.Config(
                application,
                host=settings.host,
                port=settings.port,
                http=bounded(self._connections, metrics),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # our authenticator reads X-Forwarded-For, and knows which proxies to believe
                timeout_keep_alive=settings.idle_time,
                timeout_graceful_shutdown=settings.drain_time,  # type: ignore[arg-type]  # waited for as it is
            )
        )

    @property
    def port(self) -> int:
        """On which it listens, once it does."""
        return int(self.servers[0].sockets[0].getsockname()[1])

    def heed_signals(self) -> None:
        """Ends at SIGINT and SIGTERM."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        """What would hold us up is ended first, and those are cut off who do not even take the end of a stream."""
        self._connections.closed = True
        deaf = await self._end()
        for connection in self.server_state.connections:
            if isinstance(connection, HttpToolsProtocol) and connection.client in deaf:
                connection.transport.abort()
        await super().shutdown(sockets)
