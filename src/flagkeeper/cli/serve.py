"""`flagkeeper serve`: one process or several, until it is told to stop."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from flagkeeper.cli.terminal import settings as read_settings
from flagkeeper.kernel import garbage
from flagkeeper.kernel.errors import BadData
from flagkeeper.settings import Settings

if TYPE_CHECKING:
    from flagkeeper.cli.workers import Worker

OPEN_WARNING = """
***********************************************************************
  AUTH_TYPE=none: THERE IS NO LOGIN.
  Everybody who can reach this server is an administrator of it.
***********************************************************************

"""

UNUSED = ("pydantic", "rich")
"""What Litestar and structlog load where they find it. This server uses neither, and they are 12 MB of its memory."""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: HTTP_HOST, or all of them.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Default: PORT, or 4242.")] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes behind the one address. Needs PostgreSQL.")
    ] = 1,
    worker_ports: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65_000,
            metavar="FIRST",
            help="With workers: each also listens on a port of its own, from this one on, for monitoring.",
        ),
    ] = None,
) -> None:
    """Start the server. It migrates its database first, if need be."""
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # the documented way to say: there is no such module
    garbage.before_start()
    settings = read_settings(HTTP_HOST=host, HTTP_PORT=port)
    if settings.no_login():
        sys.stderr.write(OPEN_WARNING)
    if workers > 1:
        raise typer.Exit(_serve_with_workers(settings, workers, worker_ports))
    _run(settings)


def _run(settings: Settings, worker: "Worker | None" = None) -> None:
    # Imported only now, and in this order: a mistake in the settings is told without waiting for all of it.
    import uvloop

    from flagkeeper.cli.listener import run
    from flagkeeper.http.logging import configure_logging

    configure_logging(settings.log_format, settings.log_level)
    uvloop.run(run(settings, worker))


def _serve_with_workers(settings: Settings, number: int, own_ports: int | None) -> int:
    """Raises `BadData` where several processes make no sense."""
    from flagkeeper.cli.workers import Workers
    from flagkeeper.http.logging import configure_logging
    from flagkeeper.storage.database import parse_database_url
    from flagkeeper.storage.dialects import Dialect

    if parse_database_url(settings.database_url, settings.database_parts).dialect is Dialect.SQLITE:
        raise BadData(
            "Several workers need PostgreSQL: in SQLite one process writes at a time, and the others would hear of its "
            "changes late. Set DATABASE_URL, or leave --workers away."
        )
    configure_logging(settings.log_format, settings.log_level)
    return Workers(settings, number, own_ports, lambda worker: _run(settings, worker)).serve()
