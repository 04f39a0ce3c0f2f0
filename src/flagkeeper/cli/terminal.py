"""What the commands share: settings, a database that exists, a writer for a moment, and errors in one line."""

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Concatenate, ParamSpec, TypeVar

import typer

from flagkeeper.kernel.actor import OPERATOR_USER_ID, Actor, ActorKind, is_system_name
from flagkeeper.kernel.change_context import ChangeContext, check_reason, check_ticket
from flagkeeper.kernel.errors import BadData, FlagkeeperError, NotFound, Unavailable
from flagkeeper.kernel.text import check_line, one_line, written_out
from flagkeeper.settings import Settings, read_settings

if TYPE_CHECKING:
    from flagkeeper.eventlog.index.memory import MemoryIndex
    from flagkeeper.eventlog.read import LogRows
    from flagkeeper.eventlog.unit import Units
    from flagkeeper.readmodels.views.log import Log
    from flagkeeper.storage.database import Database
    from flagkeeper.storage.reader import Reader
    from flagkeeper.storage.transaction import Transaction

P = ParamSpec("P")
R = TypeVar("R")

FAILED = 1
INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

By = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", help="Who does this, for the event log. By default cli: and your account."),
]

Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why, in one line. It stands in the events.")
]
Ticket = Annotated[
    str | None, typer.Option("--ticket", metavar="TEXT", help="Where to read on: a number, or an address.")
]


def context(reason: str | None, ticket: str | None) -> ChangeContext:
    """What events say of a change at this terminal.

    Raises:
        BadData: reason or ticket is not what it may be.
    """
    return ChangeContext(
        reason=None if reason is None else _checked(check_reason, reason, "--reason"),
        ticket=None if ticket is None else _checked(check_ticket, ticket, "--ticket"),
    )


def _checked(check: Callable[[str, str], str], text: str, option: str) -> str:
    try:
        return check(text, option)
    except BadData as error:
        raise BadData(f"{option}: {error.message}") from error


def settings(**given: object) -> Settings:
    """The settings of the environment; `given` are variables that the command line named instead.

    Raises:
        BadData: a variable makes no sense.
    """
    return read_settings({**os.environ, **{name: str(value) for name, value in given.items() if value is not None}})


def operator(by: str | None) -> Actor:
    """Who works at this terminal: never a guess, always a name.

    Raises:
        BadData: it is the system's, or none that can be shown.
    """
    if is_system_name(by):
        raise BadData(f"{by} is the system, not you. Say who you are.")
    name = by or f"cli:{getpass.getuser()}"
    check_line(name, "--by")
    return Actor(name, OPERATOR_USER_ID, kind=ActorKind.OPERATOR)


def named_database() -> "Database":
    """The database of the settings, whether or not there is one. Raises `BadData` when its address makes no sense."""
    from flagkeeper.storage.database import parse_database_url

    given = settings()
    return parse_database_url(given.database_url, given.database_parts)


def existing_database() -> "Database":
    """The database of the settings.

    Raises:
        NotFound: it is a file that is not there. (Looking into it would make one.)
    """
    from flagkeeper.storage.dialects import Dialect

    database = named_database()
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
def units(context: ChangeContext) -> Iterator["Units"]:
    """For changes in this context: on the database of the settings, also while servers run on it."""
    from flagkeeper.eventlog.log_signal import LogSignal
    from flagkeeper.eventlog.unit import Units
    from flagkeeper.features.flags.queries import tags_of_flags

    found = Units(migrated_database(), LogSignal(), tags_of_flags)
    found.writer.start()
    try:
        yield found.within(context)
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


class OpenLog:
    """The event log as an administrator sees it, in a process that runs no server."""

    def __init__(self, reader: "Reader", log: "Log", memory: "MemoryIndex") -> None:
        self.log = log
        self._reader = reader
        self._memory = memory
        self._epoch = ""

    def read(self, query: "Callable[Concatenate[Transaction, P], R]", *args: P.args, **kwargs: P.kwargs) -> R:
        """What `query(tx, ...)` returns, of a log whose newest events can be searched."""
        return self._reader.now(self._up_to_date, lambda tx: query(tx, *args, **kwargs))

    def _up_to_date(self, tx: "Transaction", query: "Callable[[Transaction], R]") -> R:
        from flagkeeper.eventlog.read import log_position

        head = log_position(tx)
        if head.epoch == self._epoch:
            self._memory.apply(tx, (), head)
        else:
            self._memory.load(tx, head)
            self._epoch = head.epoch
        return query(tx)


def log_rows() -> "LogRows":
    """The events by id, wherever they are."""
    from flagkeeper.eventlog.archive.archive import Archive
    from flagkeeper.eventlog.archive.timed import configured_blob_store
    from flagkeeper.eventlog.read import LogRows

    given = settings()
    return LogRows(Archive(configured_blob_store(given.archive, given.archive_endpoint, given.archive_region)))


@contextmanager
def log() -> "Iterator[OpenLog]":
    """For searches. The index is what servers keep up to date.

    Raises:
        Unavailable: no server, and nobody else, has built it.
    """
    from flagkeeper.eventlog.index import store
    from flagkeeper.eventlog.index.memory import MemoryIndex
    from flagkeeper.eventlog.index.search import Search
    from flagkeeper.eventlog.query import EVERYTHING
    from flagkeeper.eventlog.read import View
    from flagkeeper.readmodels.views.log import Log

    store.prepare(migrated_database())
    rows, memory = log_rows(), MemoryIndex()
    with reader() as found:
        found.now(_demand_index)
        view = View(settings().base_url(), with_ip=True)
        yield OpenLog(found, Log(Search(memory, rows), rows, EVERYTHING, view), memory)


def _demand_index(tx: "Transaction") -> None:
    from flagkeeper.eventlog.index.memory import SIZES
    from flagkeeper.eventlog.index.store import NEWEST
    from flagkeeper.eventlog.read import log_position

    head, newest = log_position(tx), tx.first(NEWEST)
    on_disk = newest[0].last if newest and newest[1] == head.epoch else 0
    if head.last_id - on_disk > SIZES.most_in_memory:
        raise Unavailable(
            f"The index of the event log ends at event {on_disk} of {head.last_id}. "
            "Run `flagkeeper events reindex`; a running server does it by itself."
        )


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that shows how much is done, and of how much, if somebody looks at it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show


def explain(error: Exception) -> str | None:
    """An error in one line, for the person at the terminal. None for a defect: that needs its traceback."""
    match error:
        case FlagkeeperError():
            return error.message
        case OSError():
            return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    from flagkeeper.storage.connection import DRIVER_ERRORS

    if isinstance(error, DRIVER_ERRORS):
        database = named_database()
        return f"{database.shown()} cannot be used: {database.told(error)}"
    return None


def say(line: str, *, err: bool = False) -> None:
    """Prints a line. Like all that is printed, it cannot control the terminal, whatever people called things."""
    typer.echo(one_line(line), err=err)


def complain(reason: str) -> None:
    typer.secho(f"flagkeeper: {one_line(reason)}", fg=typer.colors.RED, err=True)


def write(content: bytes) -> None:
    """Puts a document, UTF-8 text of several lines, on standard output: byte by byte as it is into a file or a pipe."""
    if sys.stdout.isatty():
        content = written_out(content.decode("utf-8", "replace")).encode()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
