"""`flagkeeper migrate`, `backup` and `restore`."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from flagkeeper.cli.terminal import (
    FAILED,
    By,
    Reason,
    Ticket,
    complain,
    context,
    existing_database,
    named_database,
    operator,
    progress,
    say,
)
from flagkeeper.kernel.errors import BadData

STANDARD = "-"
"""In place of a file: standard input or output."""


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if there is something to do.")] = False,
) -> None:
    """Bring the database to this version's schema. `serve` does it too; this does it beforehand."""
    from flagkeeper.storage.examine import examine
    from flagkeeper.storage.migrate import current_revision, newest_revision
    from flagkeeper.storage.migrate import migrate as bring_up

    newest = newest_revision()
    if check:
        database = existing_database()
        found = current_revision(database)
        if found != newest:
            complain(f"{database.shown()} has schema {found or 'none'}; this version needs {newest}.")
            raise typer.Exit(FAILED)
        say(f"{database.shown()} has schema {newest}, as it should.")
        return
    database = named_database()
    examine(database)
    done = bring_up(database)
    say(f"{database.shown()} {'now has' if done else 'already had'} schema {newest}.")


def backup(
    file: Annotated[str, typer.Argument(help="Where to write it; must not exist yet. - is standard output.")],
) -> None:
    """Write everything into one file, while servers go on. The file holds hashes of secrets: keep it safe."""
    from flagkeeper.schema import metadata
    from flagkeeper.storage.backup import back_up, back_up_into

    database = existing_database()
    with progress("Reading") as show:
        if file == STANDARD:
            with _standard_output() as out:
                contents = back_up_into(database, metadata, out, show)
        else:
            contents = back_up(database, metadata, Path(file), show)
    events = contents.tables["events"].rows
    name = "standard output" if file == STANDARD else file
    say(
        f"{name}: {contents.rows()} rows of {len(contents.tables)} tables, {events} events among them.",
        err=file == STANDARD,
    )


def restore(
    file: Annotated[
        str,
        typer.Argument(
            help="What `flagkeeper backup` wrote, on whichever kind of database. - is standard input, which is kept in "
            "a temporary file meanwhile."
        ),
    ],
    by: By = None,
    reason: Reason = None,
    ticket: Ticket = None,
) -> None:
    """Bring a backup into a new, empty database, which is migrated first. No server may run on it meanwhile."""
    from flagkeeper.eventlog.restore import restore as bring_back
    from flagkeeper.schema import metadata
    from flagkeeper.storage.migrate import migrate as bring_up

    who, why = operator(by), context(reason, ticket)
    database = named_database()
    bring_up(database)
    with _file_of(file) as path, progress("Writing") as show:
        contents = bring_back(database, metadata, path, who, why, show)
    events = contents.tables["events"].rows
    say(f"{database.shown()} now has the {events} events of {contents.created_at}, and one that says so.")


@contextmanager
def _standard_output() -> Iterator[IO[bytes]]:
    """Raises `BadData` when that is a terminal."""
    if sys.stdout.isatty():
        raise BadData("A backup is no text: send it into a file or a pipe.")
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        yield out


@contextmanager
def _file_of(name: str) -> Iterator[Path]:
    """The file itself, or one with all of standard input: a backup is read twice, first to see that it is whole."""
    if name != STANDARD:
        yield Path(name)
        return
    with tempfile.TemporaryDirectory(prefix="flagkeeper-") as folder:
        path = Path(folder) / "standard-input"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        yield path
