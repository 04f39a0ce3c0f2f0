"""`flagkeeper events import`: the log of another server, into a new database."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flagkeeper.cli.terminal import log_rows, named_database, progress, say, settings

if TYPE_CHECKING:
    from flagkeeper.storage.database import Database


def import_events(
    file: Annotated[str, typer.Argument(help="NDJSON, one event on each line, oldest first; - is standard input.")],
    written_by: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Address of the server that wrote it, when that is not this one's: its links then lead here.",
        ),
    ] = None,
    index: Annotated[
        bool, typer.Option(help="Build the index for searches at once. A server would do so more slowly.")
    ] = True,
) -> None:
    """Make the events of a file the log of a new database, as they were: ids, times, actors and groups.

    The file is what `events export` writes, of all events; or the same without ids, which are then given in order. All
    of it is imported and verified, or nothing. An import brings history, not state: no flag, user or setting comes
    back (`flagkeeper backup` keeps those). It must be done before a server ran on the database.
    """
    from flagkeeper.eventlog.import_file import import_file
    from flagkeeper.storage.migrate import migrate

    known = settings()
    database = named_database()
    migrate(database)
    address = (written_by or known.base_url()).rstrip("/")
    if file == "-":
        with _bytes(None) as show:
            done = import_file(database, sys.stdin.buffer, address, show)
    else:
        path = Path(file)
        with path.open("rb") as opened, _bytes(path.stat().st_size) as show:
            done = import_file(database, opened, address, show)
    say(f"{database.shown()} now has {done.events} events, verified (sha256 {done.sha256}).")
    if index:
        _index(database)


def _index(database: "Database") -> None:
    from flagkeeper.eventlog.index import store
    from flagkeeper.eventlog.index.maintainer import Indexer

    store.prepare(database)
    with progress("Indexing") as show:
        Indexer(database, log_rows(), politely=False).build(show)


@contextmanager
def _bytes(size: int | None) -> Iterator[Callable[[int, int], None]]:
    """A bar that shows how many bytes are read, if somebody looks at it."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Importing", total=size)

        def show(read: int, verified: int) -> None:
            bar.update(task, completed=read, description=f"Verifying {verified:,}" if verified else "Importing")

        yield show
