"""`flagkeeper edge`: serves SDKs in the place of another server, until it is told to stop."""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from flagkeeper.cli.serve import UNUSED
from flagkeeper.cli.terminal import settings as read_settings
from flagkeeper.edge.settings import EdgeSettings, read_edge_settings
from flagkeeper.settings import Settings

if TYPE_CHECKING:
    from flagkeeper.edge.server import Manner

PORT = 3063
"""Where Unleash's Edge listens, in whose place this is put."""


def edge(
    upstream: Annotated[
        str | None, typer.Option(metavar="URL", help="The server to follow, ours or an Unleash. Default: UPSTREAM_URL.")
    ] = None,
    token: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TOKEN",
            help="A backend token of that server; may be repeated. Others see it in lists of processes: prefer TOKENS, "
            "or TOKENS_FILE.",
        ),
    ] = None,
    backup_folder: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Where flags are kept for a restart while that server is away. Default: BACKUP_FOLDER.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Serve what these tokens open, and nothing else. Default: STRICT.")
    ] = False,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. Default: HTTP_HOST or INTERFACE, or all of them.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Default: PORT, or 3063.")] = None,
) -> None:
    """Answer SDKs in the place of another server: from memory, and while that server is away, too.

    It follows the flags of each token by a stream, or by polling where there is none, and hands on what SDKs report.
    """
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # the documented way to say: there is no such module
    given = {
        "UPSTREAM_URL": upstream,
        "TOKENS": ",".join(token) if token else None,
        "BACKUP_FOLDER": backup_folder,
        "STRICT": "true" if strict else None,
    }
    named = {name: value for name, value in given.items() if value is not None}
    environment = {name: value for name, value in os.environ.items() if not (name == "TOKENS_FILE" and token)}
    followed = read_edge_settings({**environment, **named})
    _run(followed, _listening(followed, host, port))


def _listening(followed: EdgeSettings, host: str | None, port: int | None) -> Settings:
    """Where and how it listens: as a server does, and at Edge's port."""
    own = {
        "HTTP_HOST": host or _unless(followed.interface, "HTTP_HOST"),
        "HTTP_PORT": _unless(PORT, "HTTP_PORT", "PORT") if port is None else port,
        "UNLEASH_FRONTEND_API_ORIGINS": _unless(followed.origins, "UNLEASH_FRONTEND_API_ORIGINS"),
    }
    return read_settings(**own)


def _unless(value: object, *names: str) -> object:
    """What holds unless one of these variables says otherwise."""
    return None if any(os.environ.get(name, "").strip() for name in names) else value


def manner_of(settings: Settings) -> "Manner":
    """What of a server's settings holds for an edge, too."""
    from flagkeeper.edge.server import Manner

    return Manner(
        base_path=settings.base_path(),
        trusted_proxies=settings.trusted_proxies,
        proxy_header=settings.proxy_header,
        origins=settings.frontend_origins,
        evaluations_per_minute=settings.evaluations_per_minute,
        streams=settings.sdk_streams,
        access_log=settings.access_log,
    )


def _run(followed: EdgeSettings, settings: Settings) -> None:
    import uvloop

    from flagkeeper.cli.edge_listener import run
    from flagkeeper.http.logging import configure_logging

    configure_logging(settings.log_format, settings.log_level)
    uvloop.run(run(followed, settings, manner_of(settings)))
