"""uvicorn, run our way: the server starts before it listens, and stops after the last answer."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from flagkeeper import __version__
from flagkeeper.app import Server
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.settings import Settings

DRAIN = 10
"""Seconds that requests under way get to finish after SIGTERM; then they are cut off."""
KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than the usual load balancer (60) keeps it."""

log = structlog.get_logger("flagkeeper.server")


async def run(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM. What was accepted by then is answered, and committed, before this returns.

    Raises:
        Unavailable: the port is taken.
        sqlite3.Error, psycopg.Error: the database cannot be reached or migrated.
        FlagkeeperError: the first start cannot do what the settings ask for.
    """
    application = Server(settings)
    listener = _Listener(application, settings)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, listener.handle_exit, number, None)
    # The port first: whether it is free is known at once, and nothing has been started then.
    with _own_words(settings):
        socket = listener.config.bind_socket()
    await application.start(settings)
    gc.freeze()
    gc.enable()
    try:
        await listener.serve([socket])
    finally:
        await application.services.stop()


class _Listener(uvicorn.Server):
    """Says when it listens, and leaves signals to us: uvicorn would raise them again, before the server has stopped."""

    def __init__(self, application: Server, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                host=settings.host,
                port=settings.port,
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # our gate reads X-Forwarded-For, and knows which proxies to believe
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=DRAIN,
            )
        )
        self._application = application
        self._settings = settings

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        """Live tails never end by themselves, and whoever does not even take the end of one would hold us up."""
        deaf = await self._application.services.live_tails.stop()
        for connection in self.server_state.connections:
            if isinstance(connection, HttpToolsProtocol) and connection.client in deaf:
                connection.transport.abort()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        base_url = self._settings.base_url() if self._settings.port else f"http://localhost:{port}"
        database = self._application.services.database
        if self._settings.log_format == "json":
            log.info("ready", url=base_url, database=database.shown(), version=__version__)
            return
        sys.stdout.write(
            f"Flagkeeper {__version__} is ready. Ctrl-C stops it.\n\n"
            f"  address   {base_url}\n"
            f"  API       {base_url}/docs/openapi\n"
            f"  database  {database.shown()} ({database.dialect})\n\n"
        )
        sys.stdout.flush()


@contextmanager
def _own_words(settings: Settings) -> Iterator[None]:
    """Makes an error of what uvicorn does when it cannot bind: log the reason and exit.

    Raises:
        Unavailable: it could not bind.
    """
    reasons: list[object] = []

    def listen(record: logging.LogRecord) -> bool:
        reasons.append(record.msg)
        return False

    log_of_uvicorn = logging.getLogger("uvicorn.error")
    log_of_uvicorn.addFilter(listen)
    try:
        yield
    except SystemExit as error:
        reason = reasons[-1]
        why = reason.strerror if isinstance(reason, OSError) else reason
        raise Unavailable(f"Cannot listen on {settings.host}:{settings.port}: {why}.") from error
    finally:
        log_of_uvicorn.removeFilter(listen)
