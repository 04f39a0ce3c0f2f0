"""The command line. What is heavy is imported inside the commands: `flagkeeper --help` must not wait for a server."""

import os
import sys
from typing import Annotated, NoReturn

import typer

from flagkeeper import __version__
from flagkeeper.cli import (
    accounts,
    archive,
    database,
    edge,
    event_export,
    event_import,
    event_tail,
    events,
    ready,
    serve,
    state,
)
from flagkeeper.cli.terminal import FAILED, complain, explain, write
from flagkeeper.kernel import threads

app = typer.Typer(
    help="Flagkeeper: feature flags whose event log is the source of truth about change. "
    "Settings come from environment variables; the README lists them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


app.command("serve")(serve.serve)
app.command("edge")(edge.edge)
app.command("ready")(ready.ready)
app.command("migrate")(database.migrate)
app.command("backup")(database.backup)
app.command("restore")(database.restore)
app.add_typer(archive.app, name="archive")
app.add_typer(state.app, name="state")
app.add_typer(accounts.tokens, name="token")
app.add_typer(accounts.users, name="user")
events.app.command("tail")(event_tail.tail)
events.app.command("export")(event_export.export)
events.app.command("import")(event_import.import_events)
app.add_typer(events.app, name="events")


@app.command("openapi")
def openapi() -> None:
    """Print the description of the HTTP interface (OpenAPI 3.1, JSON)."""
    from flagkeeper.app import openapi_document

    write(openapi_document() + b"\n")


def main() -> None:
    """Runs the command that the arguments name. What went wrong is one line on standard error.

    Exits with 0 when it succeeded, 1 when it failed, 2 when the arguments made no sense.
    """
    try:
        app()
    except SystemExit as end:
        _leave(end)
    except Exception as error:
        reason = explain(error)
        if reason is None:
            raise
        complain(reason)
        _leave(SystemExit(FAILED))


def _leave(end: SystemExit) -> NoReturn:
    """Ends the process. Threads that a store holds up are left behind: some libraries would wait for them for a minute
    when the interpreter ends."""
    if not threads.left():
        raise end
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(end.code if isinstance(end.code, int) else 0 if end.code is None else FAILED)
