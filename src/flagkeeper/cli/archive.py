"""`flagkeeper archive`: moving old events into the archive, and checking it. Servers may go on meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from flagkeeper.cli.terminal import (
    FAILED,
    By,
    Reason,
    Ticket,
    complain,
    context,
    migrated_database,
    operator,
    progress,
    say,
    settings,
)

if TYPE_CHECKING:
    from flagkeeper.services import Services

app = typer.Typer(help="The archive of the event log.", no_args_is_help=True)


@app.callback()
def _archive() -> None:
    pass


@app.command("run")
def run(by: By = None, reason: Reason = None, ticket: Ticket = None) -> None:
    """Archive now what FLAGKEEPER_LOG_KEEP_DAYS and FLAGKEEPER_LOG_KEEP_EVENTS let go."""
    from flagkeeper.features.retention.slice import RETENTION

    why = context(reason, ticket)
    with services() as found:
        if not found[RETENTION].policy.lets_go:
            complain("Nothing says which events may go: set FLAGKEEPER_LOG_KEEP_DAYS or FLAGKEEPER_LOG_KEEP_EVENTS.")
            raise typer.Exit(FAILED)
        with progress("Archiving") as show:
            moved = found[RETENTION].archive_now(found.units.within(why), operator(by), show)
    say(f"{moved.events} events went into the archive, in {moved.segments} segments.")


@app.command("verify")
def verify() -> None:
    """Read every byte of the archive, and recompute all checksums and counts."""
    from flagkeeper.features.retention.slice import RETENTION

    with services() as found, progress("Reading") as show:
        report = found[RETENTION].check_now(show)
    for problem in report.problems:
        complain(problem)
    if report.problems:
        raise typer.Exit(FAILED)
    say(f"{report.segments} segments with {report.events} events ({report.size} bytes) are as they should be.")


@app.command("status")
def status() -> None:
    """Say where the events are."""
    from flagkeeper.features.retention.queries import archive_state
    from flagkeeper.features.retention.slice import RETENTION
    from flagkeeper.kernel import clock

    with services() as found:
        blobs = found[RETENTION].blobs
        state = found.reader.now(archive_state)
    live = f"{state.first_live} to {state.last_id}" if state.first_live is not None else "none"
    say(f"archive      {blobs.shown if blobs else 'none (FLAGKEEPER_ARCHIVE is not set)'}")
    say(f"in database  {live}")
    for each in state.segments:
        size = f"{each.size} bytes"
        say(f"segment      {each.first_id} to {each.last_id}, up to {clock.to_iso(each.last_at)}, {size}")
    for hold in state.holds:
        say(f"legal hold   {hold.id} by {hold.created_by}: {hold.reason}")
    if state.last_run is not None:
        ended = clock.to_iso(state.last_run.finished_at) if state.last_run.finished_at is not None else "not ended"
        outcome = state.last_run.error or f"{state.last_run.events} events archived"
        say(f"last run     {ended}: {outcome}")


@contextmanager
def services() -> "Iterator[Services]":
    """All parts of a server on the database of the settings, of which only writer and readers run."""
    from flagkeeper.eventlog.index import store as index_store
    from flagkeeper.services import Services

    index_store.prepare(migrated_database())
    found = Services(settings())
    found.units.writer.start()
    try:
        yield found
    finally:
        found.units.writer.stop()
        for reader in found.readers:
            reader.stop()
