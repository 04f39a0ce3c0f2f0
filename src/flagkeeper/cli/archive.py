"""`flagkeeper archive`: moving old events into the archive, and checking it. Servers may go on meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from flagkeeper.cli.terminal import FAILED, By, complain, migrated_database, operator, progress, settings

if TYPE_CHECKING:
    from flagkeeper.app import Services

app = typer.Typer(help="The archive of the event log.", no_args_is_help=True)


@app.callback()
def _archive() -> None:
    pass


@app.command("run")
def run(by: By = None) -> None:
    """Archive now what FLAGKEEPER_LOG_KEEP_DAYS and FLAGKEEPER_LOG_KEEP_EVENTS let go."""
    with services() as found:
        if not found.retention.policy.lets_go:
            complain("Nothing says which events may go: set FLAGKEEPER_LOG_KEEP_DAYS or FLAGKEEPER_LOG_KEEP_EVENTS.")
            raise typer.Exit(FAILED)
        with progress("Archiving") as show:
            moved = found.retention.archive_now(operator(by), show)
    typer.echo(f"{moved.events} events went into the archive, in {moved.segments} segments.")


@app.command("verify")
def verify() -> None:
    """Read every byte of the archive, and recompute all checksums and counts."""
    with services() as found, progress("Reading") as show:
        report = found.retention.check_now(show)
    for problem in report.problems:
        complain(problem)
    if report.problems:
        raise typer.Exit(FAILED)
    typer.echo(f"{report.segments} segments with {report.events} events ({report.size} bytes) are as they should be.")


@app.command("status")
def status() -> None:
    """Say where the events are."""
    from flagkeeper.features.retention.queries import archive_state
    from flagkeeper.kernel import clock

    with services() as found:
        place = found.retention.place
        state = found.reader.now(archive_state)
    hot = f"{state.first_hot} to {state.last_id}" if state.first_hot is not None else "none"
    typer.echo(f"archive      {place.shown if place else 'none (FLAGKEEPER_ARCHIVE is not set)'}")
    typer.echo(f"in database  {hot}")
    for each in state.segments:
        size = f"{each.size} bytes"
        typer.echo(f"segment      {each.first_id} to {each.last_id}, up to {clock.to_iso(each.last_at)}, {size}")
    for hold in state.holds:
        typer.echo(f"legal hold   {hold.id} by {hold.created_by}: {hold.reason}")
    if state.last_run is not None:
        ended = clock.to_iso(state.last_run.finished_at) if state.last_run.finished_at is not None else "not ended"
        outcome = state.last_run.error or f"{state.last_run.events} events archived"
        typer.echo(f"last run     {ended}: {outcome}")


@contextmanager
def services() -> "Iterator[Services]":
    """All parts of a server on the database of the settings, of which only writer and readers run."""
    from flagkeeper.app import Services
    from flagkeeper.eventlog.index import store as index_store

    index_store.prepare(migrated_database())
    found = Services(settings())
    found.units.writer.start()
    try:
        yield found
    finally:
        found.units.writer.stop()
        found.reader.stop()
