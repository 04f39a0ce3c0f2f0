"""`flagkeeper events`: the log, at the terminal."""

from typing import TYPE_CHECKING, Annotated

import typer

from flagkeeper.cli.event_query import Saved, Since, read_words, saved_query
from flagkeeper.cli.terminal import log, log_rows, migrated_database, progress, say, settings, write
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, NotFound
from flagkeeper.kernel.text import one_line

if TYPE_CHECKING:
    from flagkeeper.eventlog.query import EventQuery
    from flagkeeper.eventlog.query.conditions import Is
    from flagkeeper.eventlog.read import EventRow
    from flagkeeper.readmodels.views.log import Log
    from flagkeeper.storage.transaction import Transaction

app = typer.Typer(help="The event log.", no_args_is_help=True)

Words = list[str] | None


@app.callback()
def _events() -> None:
    pass


@app.command("list")
def list_events(
    words: Annotated[
        str, typer.Argument(metavar="[QUERY]", help="Which events: type:feature-* since:2h -by:bot.")
    ] = "",
    kinds: Annotated[Words, typer.Option("--type", help="Event type; may be repeated, like the next ones.")] = None,
    project: Annotated[Words, typer.Option(help="Project id.")] = None,
    feature: Annotated[Words, typer.Option(help="Flag name.")] = None,
    environment: Annotated[Words, typer.Option(help="Environment name.")] = None,
    by: Annotated[Words, typer.Option(help="Who caused it: names, or user ids.")] = None,
    text: Annotated[str | None, typer.Option("--query", help="A part of a name or value.")] = None,
    saved: Saved = None,
    since: Since = None,
    until: Annotated[str | None, typer.Option(help="The same, this moment not included.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Whole events as JSON, one on each line.")] = False,
    more: Annotated[bool, typer.Option("--more", "-v", help="Also why: reason, ticket, cause, kind of actor.")] = False,
) -> None:
    """List events, the newest first. All conditions must hold."""
    from flagkeeper.eventlog.query.conditions import Field, condition, containing

    lists = ((Field.TYPE, kinds), (Field.PROJECT, project), (Field.FLAG, feature), (Field.ENVIRONMENT, environment))
    options = [condition(field, *values) for field, values in lists if values]
    with log() as found:
        if kinds:
            found.read(_demand_types, found.log, kinds)
        if by:
            options.append(found.read(_actors, found.log, by))
        parts = [containing(text)] if text else []
        kept = found.read(saved_query, saved) if saved is not None else ""
        wanted = read_words(words, *options, *parts, saved=kept, since=since, until=until)
        rows = found.read(_find, found.log, wanted, limit)
    if as_json:
        _print_json(rows)
    elif rows:
        _print_table(rows, more=more)
    else:
        say("No events match.", err=True)


@app.command("reindex")
def reindex() -> None:
    """Build the index that searches use anew, from all events. Servers may run meanwhile; their searches then wait."""
    from flagkeeper.eventlog.index import store
    from flagkeeper.eventlog.index.maintainer import Indexer

    database = migrated_database()
    store.prepare(database)
    with progress("Indexing") as show:
        Indexer(database, log_rows(), politely=False).build(show)
    say(f"The index of the events in {database.shown()} is new.")


def _find(tx: "Transaction", log: "Log", wanted: "EventQuery", limit: int) -> "list[EventRow]":
    return log.rows.of(tx, log.search.find(tx, wanted, log.visibility, limit=limit).ids)


def _demand_types(tx: "Transaction", log: "Log", kinds: list[str]) -> None:
    """Raises `BadData` for a type that no event has and none can have; says which was probably meant."""
    import difflib

    from flagkeeper.eventlog.catalogue import EVENTS
    from flagkeeper.eventlog.query import EventQuery
    from flagkeeper.eventlog.query.conditions import Field, condition

    for kind in kinds:
        alone = EventQuery(conditions=(condition(Field.TYPE, kind),))
        if kind not in EVENTS and not log.search.find(tx, alone, log.visibility, limit=1).ids:
            near = difflib.get_close_matches(kind, EVENTS, n=1)
            hint = f"Did you mean {near[0]}?" if near else "docs/events.md lists all."
            raise BadData(f"--type: there is no event type {kind}. {hint}")


def _actors(tx: "Transaction", log: "Log", names: list[str]) -> "Is":
    """The condition that one of `names` did it.

    Raises:
        NotFound: nobody of that name has done anything.
        BadData: some are names, and some are ids.
    """
    from flagkeeper.eventlog.query import EventQuery
    from flagkeeper.eventlog.query.conditions import Field, condition
    from flagkeeper.eventlog.query.content import fold

    numbers = [name for name in names if name.removeprefix("-").isdecimal() and name.isascii()]
    if numbers and len(numbers) < len(names):
        raise BadData("Give either names or user ids, not both.")
    if numbers:
        return condition(Field.USER, *(str(int(number)) for number in numbers))
    for name in names:
        alone = EventQuery(conditions=(condition(Field.BY, fold(name)),))
        if not log.search.find(tx, alone, log.visibility, limit=1).ids:
            raise NotFound(f"Nobody called {name} has caused an event.")
    return condition(Field.BY, *map(fold, names))


def _print_json(rows: "list[EventRow]") -> None:
    import msgspec

    from flagkeeper.eventlog.read import View

    view = View(settings().base_url(), with_ip=True)
    for row in rows:
        write(msgspec.json.encode(row.shown(view)) + b"\n")


def _print_table(rows: "list[EventRow]", *, more: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    from flagkeeper.eventlog.more import read_more

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id", justify="right")
    of_more = ("actor", "reason", "ticket", "cause") if more else ()
    for name in ("time", "type", "by", "project", "environment", "flag", *of_more):
        table.add_column(name, overflow="fold")
    for row in rows:
        texts = [row.type, row.created_by, row.project or "", row.environment or "", row.feature_name or ""]
        if more:
            said = read_more(row.more)
            cause = f"{said.cause.kind}/{said.cause.id}" if said.cause else ""
            texts += [said.actor_kind or "", said.reason or "", said.ticket or "", cause]
        table.add_row(str(row.id), clock.to_iso(row.created_at), *map(one_line, texts))
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, width=400)
    console.print(table)
