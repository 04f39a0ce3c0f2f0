"""`flagkeeper serve`: one process, until it is told to stop."""

import gc
import sys
from typing import Annotated

import typer

from flagkeeper.cli.terminal import settings as read_settings

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
) -> None:
    """Start the server. It migrates its database first, if need be."""
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # the documented way to say: there is no such module
    # What is made from here to the start lives as long as the server: looking through it for garbage is a waste.
    gc.disable()
    settings = read_settings(HTTP_HOST=host, HTTP_PORT=port)
    if settings.no_login():
        sys.stderr.write(OPEN_WARNING)
    # Imported only now, and in this order: a mistake in the settings is told without waiting for all of it.
    import uvloop

    from flagkeeper.cli.listener import run
    from flagkeeper.http.logging import configure_logging

    configure_logging(settings.log_format, settings.log_level)
    uvloop.run(run(settings))
