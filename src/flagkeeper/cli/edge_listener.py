"""Running an edge: it follows before it listens, and reports what is left after the last answer."""

import sys
from typing import Any

import msgspec
import structlog

from flagkeeper import __version__
from flagkeeper.cli.binding import bind
from flagkeeper.cli.listening import Listener
from flagkeeper.edge.server import EdgeServer, Manner
from flagkeeper.edge.settings import EdgeSettings
from flagkeeper.kernel import garbage
from flagkeeper.settings import Settings

log = structlog.get_logger("flagkeeper.edge")


async def run(followed: EdgeSettings, settings: Settings, manner: Manner) -> None:
    """Serves until SIGINT or SIGTERM.

    Raises:
        Unavailable: the port is taken.
        BadData: a token is not known, or the folder cannot be written to.
    """
    application = EdgeServer(followed, manner)
    listener = _EdgeListener(application, followed, settings)
    listener.heed_signals()
    sockets = [bind(settings, settings.port)]
    await application.start()
    garbage.after_start()
    try:
        await listener.serve(sockets)
    finally:
        await application.stop()


class _EdgeListener(Listener):
    """Says when it listens."""

    def __init__(self, application: EdgeServer, followed: EdgeSettings, settings: Settings) -> None:
        super().__init__(application, application.request_metrics, settings, application.end_streams)
        self._followed = followed
        self._settings = settings

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        settings = msgspec.structs.replace(self._settings, port=self.port)
        if settings.log_format == "json":
            log.info("ready", url=settings.base_url(), upstream=self._followed.upstream_url, version=__version__)
            return
        kept = self._followed.backup_folder or "nothing: set BACKUP_FOLDER for restarts while upstream is away"
        sys.stdout.write(
            f"Flagkeeper {__version__} is ready as an edge. Ctrl-C stops it.\n\n"
            f"  address   {settings.base_url()}\n"
            f"  upstream  {self._followed.upstream_url}\n"
            f"  on disk   {kept}\n\n"
        )
        sys.stdout.flush()
