"""Running a server: it starts before it listens, and stops after the last answer."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from flagkeeper import __version__
from flagkeeper.app import Server
from flagkeeper.cli.binding import bind
from flagkeeper.cli.listening import Listener
from flagkeeper.cli.workers import Worker
from flagkeeper.http.event_stream import Address
from flagkeeper.kernel import garbage
from flagkeeper.readmodels.client_features.slice import CLIENT_STREAMS
from flagkeeper.readmodels.event_tail.slice import LIVE_TAILS
from flagkeeper.readmodels.remote_evaluation.slice import OFREP_STREAMS
from flagkeeper.settings import Settings

log = structlog.get_logger("flagkeeper.server")


async def run(settings: Settings, worker: Worker | None = None) -> None:
    """Serves until SIGINT or SIGTERM, alone or as one `worker` of several. What was accepted by then is answered, and
    committed, before this returns.

    Raises:
        Unavailable: the port is taken.
        sqlite3.Error, psycopg.Error: the database cannot be reached or migrated.
        FlagkeeperError: the first start cannot do what the settings ask for.
    """
    # The port first: whether it is free is known at once, and nothing has been started then.
    sockets = worker.sockets if worker else [bind(settings, settings.port)]
    # Zero asks for any that is free. Links lead to the one that it is.
    settings = msgspec.structs.replace(settings, port=sockets[0].getsockname()[1])
    application = Server(settings)
    listener = _Listener(application, settings, worker)
    loop = asyncio.get_running_loop()
    listener.heed_signals()
    if worker is not None:
        loop.add_reader(worker.lifeline, listener.lose_parent, worker.lifeline)
    await application.start(settings)
    garbage.after_start()
    try:
        await listener.serve(sockets)
    finally:
        await application.services.stop()


class _Listener(Listener):
    """Says when it listens, as the server of these settings or as one of its workers."""

    def __init__(self, application: Server, settings: Settings, worker: Worker | None) -> None:
        super().__init__(application, application.request_metrics, settings, self._end_streams)
        self._worker = worker
        self._application = application
        self._settings = settings

    def lose_parent(self, lifeline: int) -> None:
        """Stops: whoever would start and end workers is gone."""
        asyncio.get_running_loop().remove_reader(lifeline)
        self.handle_exit(signal.SIGTERM, None)

    async def _end_streams(self) -> set[Address]:
        """Streams, and what waits for a store that may never answer."""
        services = self._application.services
        services.end_waiting()
        streams = services[LIVE_TAILS], services[CLIENT_STREAMS], services[OFREP_STREAMS]
        return set().union(*await asyncio.gather(*(each.stop() for each in streams)))

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        settings, base_url = self._settings, self._settings.base_url()
        if self._worker is not None:
            with suppress(BrokenPipeError):  # the parent listens to the first one only
                os.write(self._worker.ready, b"1")
            os.close(self._worker.ready)
            if not self._worker.announces:
                return
        for name, why in settings.unused:
            log.warning("setting_does_nothing", variable=name, why=why)
        database = self._application.services.database
        if settings.log_format == "json":
            log.info("ready", url=base_url, database=database.shown(), version=__version__)
            return
        sys.stdout.write(
            f"Flagkeeper {__version__} is ready. Ctrl-C stops it.\n\n"
            f"  address   {base_url}\n"
            f"  API       {base_url}/docs/openapi\n"
            f"  database  {database.shown()} ({database.dialect})\n\n"
        )
        sys.stdout.flush()
