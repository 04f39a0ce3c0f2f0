"""What the commands share: settings, a database that exists, a writer for a moment, and errors in one line."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flagkeeper.kernel.actor import SYSTEM_USER_ID, Actor
from flagkeeper.kernel.errors import FlagkeeperError, NotFound, Unavailable
from flagkeeper.settings import Settings, read_settings

if TYPE_CHECKING:
    from flagkeeper.eventlog.unit import Units
    from flagkeeper.storage.database import Database
    from flagkeeper.storage.reader import Reader

FAILED = 1

By = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", help="Who does this, for the event log. By default cli: and your account."),
]


def settings(**given: object) -> Settings:
    """The settings of the environment; `given` are variables that the command line named instead.

    Raises:
        BadData: a variable makes no sense.
    """
    return read_settings({**os.environ, **{name: str(value) for name, value in given.items() if value is not None}})


def operator(by: str | None) -> Actor:
    """Whoever works at this terminal: never a guess, always a name."""
    return Actor(by or f"cli:{getpass.getuser()}", SYSTEM_USER_ID)


def existing_database() -> "Database":
    """The database of the settings.

    Raises:
        NotFound: it is a file that is not there. (Looking into it would make one.)
    """
    from flagkeeper.storage.database import parse_database_url
    from flagkeeper.storage.dialects import Dialect

    database = parse_database_url(settings().database_url)
    if database.dialect is Dialect.SQLITE and not Path(database.address).exists():
        raise NotFound(f"There is no database at {database.address}. Set DATABASE_URL, or run `flagkeeper migrate`.")
    return database


def migrated_database() -> "Database":
    """An existing database with today's schema.

    Raises:
        NotFound, Unavailable: there is none.
    """
    from flagkeeper.storage.migrate import current_revision, newest_revision

    database = existing_database()
    if current_revision(database) != newest_revision():
        raise Unavailable(f"{database.shown()} has the schema of another version. Run `flagkeeper migrate`.")
    return database


@contextmanager
def units() -> Iterator["Units"]:
    """For changes: on the database of the settings, also while servers run on it."""
    from flagkeeper.eventlog.bell import Bell
    from flagkeeper.eventlog.unit import Units
    from flagkeeper.features.flags.queries import tags_of_flags

    found = Units(migrated_database(), Bell(), tags_of_flags)
    found.writer.start()
    try:
        yield found
    finally:
        found.writer.stop()


@contextmanager
def reader() -> Iterator["Reader"]:
    """For reads."""
    from flagkeeper.storage.reader import Reader

    found = Reader(migrated_database(), threads=1)
    try:
        yield found
    finally:
        found.stop()


def explain(error: Exception) -> str | None:
    """An error in one line, for the person at the terminal. None for a defect: that needs its traceback."""
    match error:
        case FlagkeeperError():
            return error.message
        case OSError():
            return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    from flagkeeper.storage.connection import DRIVER_ERRORS

    if isinstance(error, DRIVER_ERRORS):
        return f"The database cannot be used: {str(error).strip().splitlines()[0]}"
    return None


def complain(reason: str) -> None:
    typer.secho(f"flagkeeper: {reason}", fg=typer.colors.RED, err=True)
