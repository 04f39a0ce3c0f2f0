"""`flagkeeper events export`: events out of the database, into a file."""

import asyncio
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flagkeeper.cli.event_query import Saved, read_words, saved_query
from flagkeeper.cli.terminal import (
    INTERRUPTED,
    By,
    Reason,
    Ticket,
    complain,
    context,
    log_rows,
    operator,
    reader,
    say,
    settings,
    units,
    write,
)
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.change_context import ChangeContext
from flagkeeper.kernel.errors import BadData, Conflict

if TYPE_CHECKING:
    from flagkeeper.eventlog.export.run import Export, Order, Piece


class Kind(StrEnum):
    NDJSON = "ndjson"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


class PartialFile:
    """A file that appears under its name only when it is complete and on the disk. It holds what administrators see, so
    its owner alone may read it.

    What is left of one that can go on is named after the last event that it reached: `events.ndjson.to-4711`.
    """

    def __init__(self, path: Path, *, begun: Path | None = None) -> None:
        if path.exists():
            raise Conflict(f"{path} exists already. Name another file.")
        self._path = path
        self._partial = path.with_name(f"{path.name}.partial")
        if begun is not None:
            begun.rename(self._partial)
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if begun is None else os.O_APPEND)
        self._file = os.fdopen(os.open(self._partial, flags, 0o600), "wb")

    def write(self, content: bytes) -> None:
        self._file.write(content)

    def finish(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.rename(self._path)

    def leave(self, *, reached: int | None) -> None:
        """Ends it before its time. None: it cannot go on, and nothing is left of it."""
        self._file.close()
        if reached is None:
            self._partial.unlink()
        else:
            self._partial.rename(left_at(self._path, reached))


def left_at(path: Path, reached: int) -> Path:
    return path.with_name(f"{path.name}.to-{reached}")


def export(
    query: Annotated[str, typer.Argument(help="Which events: type:feature-* project:checkout since:30d.")] = "",
    kind: Annotated[Kind, typer.Option("--format", help="Only ndjson can be imported, and go on after a break.")] = (
        Kind.NDJSON
    ),
    output: Annotated[str, typer.Option(metavar="FILE", help="Must not exist yet; - is standard output.")] = "-",
    after: Annotated[int, typer.Option(min=0, metavar="ID", help="Only events newer than this one.")] = 0,
    mark: Annotated[bool, typer.Option("--bom/--no-bom", help="Tell spreadsheets that CSV is UTF-8.")] = True,
    saved: Saved = None,
    by: By = None,
    reason: Reason = None,
    ticket: Ticket = None,
) -> None:
    """Write all events that match to a file, oldest first, while servers go on. The export is itself an event."""
    from flagkeeper.eventlog.export import FormatName
    from flagkeeper.eventlog.export.run import Order
    from flagkeeper.eventlog.query import EVERYTHING
    from flagkeeper.eventlog.read import View

    if kind is Kind.PARQUET and output == "-" and sys.stdout.isatty():
        raise BadData("Parquet is no text to be looked at: name a file with --output, or pipe it on.")
    who, why, kept = operator(by), context(reason, ticket), ""
    if saved is not None:
        with reader() as found:
            kept = found.now(saved_query, saved)
    order = Order(
        format=FormatName(kind),
        query=read_words(query, saved=kept),
        visibility=EVERYTHING,
        view=View(settings().base_url(), with_ip=True),
        after=after,
        mark=mark,
    )
    taken = Taken(None if output == "-" else _open(Path(output), kind, after), after)
    try:
        with _progress(after) as show:
            asyncio.run(_run(order, who, why, lambda export, piece: show(export, taken.take(piece))))
        taken.finish()
    except BrokenPipeError as error:
        # The reader (`head`, say) has enough. Python would complain once more when it closes the output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from error
    except BaseException as error:
        taken.leave(can_go_on=kind is Kind.NDJSON)
        interrupted = isinstance(error, KeyboardInterrupt)
        if interrupted or taken.reached > after:
            complain(_how_to_go_on(query, saved, kind, output, taken.reached))
        if interrupted:
            raise typer.Exit(INTERRUPTED) from error
        raise
    say(f"{'standard output' if output == '-' else output}: {taken.events} events", err=True)


class Taken:
    """What has been written so far."""

    def __init__(self, file: PartialFile | None, after: int) -> None:
        self._file = file
        self._write = write if file is None else file.write
        self.events = 0
        self.reached = after

    def take(self, piece: "Piece") -> "Piece":
        self._write(piece.content)
        self.events, self.reached = piece.events, piece.reached
        return piece

    def finish(self) -> None:
        if self._file is not None:
            self._file.finish()

    def leave(self, *, can_go_on: bool) -> None:
        if self._file is not None:
            self._file.leave(reached=self.reached if can_go_on and self.reached else None)


async def _run(order: "Order", actor: Actor, why: ChangeContext, take: "Callable[[Export, Piece], object]") -> None:
    from flagkeeper.eventlog.export.run import begin
    from flagkeeper.eventlog.export.source import Scan

    with units(why) as writing, reader() as reading:
        export = await begin(actor, order, Scan(reading, log_rows()), reading, writing)
        async for piece in export.pieces():
            take(export, piece)


def _open(path: Path, kind: Kind, after: int) -> PartialFile:
    begun = left_at(path, after)
    return PartialFile(path, begun=begun if kind is Kind.NDJSON and begun.exists() else None)


def _how_to_go_on(query: str, saved: str | None, kind: Kind, output: str, reached: int) -> str:
    if kind is not Kind.NDJSON:
        return f"Cut off; nothing is left. A {kind} file cannot go on where it ended, an ndjson file can."
    asked = [*(["--saved", saved] if saved is not None else []), *(["--", query] if query else [])]
    command = shlex.join(["flagkeeper", "events", "export", "--output", output, "--after", str(reached), *asked])
    return f"Cut off after event {reached}. To go on: {command}"


@contextmanager
def _progress(after: int) -> "Iterator[Callable[[Export, Piece], None]]":
    """A bar that shows how much of the log is done, if somebody looks at it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("Exporting"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[events]:,} events, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, events=0, rate=0)

        def show(export: "Export", piece: "Piece") -> None:
            done, seconds = piece.reached - after, bar.tasks[0].elapsed or 1
            total = export.wanted.until - after
            bar.update(task, completed=done, total=total, events=piece.events, rate=piece.events / seconds)

        yield show
