"""`flagkeeper events`: the log, at the terminal."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from flagkeeper.cli.terminal import reader, settings
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, NotFound
from flagkeeper.kernel.paging import Page

if TYPE_CHECKING:
    from flagkeeper.eventlog.read import EventRow
    from flagkeeper.storage.transaction import Transaction

app = typer.Typer(help="The event log.", no_args_is_help=True)

Words = list[str] | None


@app.callback()
def _events() -> None:
    pass


@app.command("list")
def list_events(
    kinds: Annotated[Words, typer.Option("--type", help="Event type; may be repeated, like the next ones.")] = None,
    project: Annotated[Words, typer.Option(help="Project id.")] = None,
    feature: Annotated[Words, typer.Option(help="Flag name.")] = None,
    environment: Annotated[Words, typer.Option(help="Environment name.")] = None,
    by: Annotated[Words, typer.Option(help="Who caused it: a name, or a user id.")] = None,
    query: Annotated[str | None, typer.Option(help="A text inside data, preData or tags.")] = None,
    since: Annotated[str | None, typer.Option(help="ISO time, this one included: 2026-01-31.")] = None,
    until: Annotated[str | None, typer.Option(help="ISO time, this one not included.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Whole events as JSON, one on each line.")] = False,
) -> None:
    """List events, the newest first. All conditions must hold."""
    from flagkeeper.eventlog.read import EventFilter, find

    with reader() as found:
        wanted = EventFilter(
            types=_some(kinds),
            projects=_some(project),
            features=_some(feature),
            environments=_some(environment),
            creators=found.now(_ids, by) if by else None,
            text=query,
            since=_moment(since),
            until=_moment(until),
        )
        rows = found.now(find, wanted, Page(limit))
    if as_json:
        _print_json(rows)
    else:
        _print_table(rows)


def _some(words: Words) -> tuple[str, ...] | None:
    return tuple(words) if words else None


def _ids(tx: "Transaction", names: list[str]) -> tuple[int, ...]:
    """The ids of everybody who caused an event under one of `names`."""
    from flagkeeper.eventlog.read import EventFilter, creators

    known: dict[str, list[int]] = {}
    for creator in creators(tx, EventFilter()):
        known.setdefault(creator.name, []).append(creator.id)
    ids: list[int] = []
    for name in names:
        if name not in known and not name.lstrip("-").isdecimal():
            raise NotFound(f"Nobody called {name} has caused an event.")
        ids += known.get(name) or [int(name)]
    return tuple(ids)


def _moment(text: str | None) -> clock.Millis | None:
    try:
        return None if text is None else clock.from_iso(text)
    except ValueError as error:
        raise BadData(f"{text!r} is no time. Write it like 2026-01-31 or 2026-01-31T12:00:00Z.") from error


def _print_json(rows: "list[EventRow]") -> None:
    import msgspec

    from flagkeeper.eventlog.read import View

    view = View(settings().base_url(), with_ip=True)
    for row in rows:
        sys.stdout.buffer.write(msgspec.json.encode(row.shown(view)) + b"\n")


def _print_table(rows: "list[EventRow]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id", justify="right")
    for name in ("time", "type", "by", "project", "environment", "flag"):
        table.add_column(name, overflow="fold")
    for row in rows:
        where = (row.project or "", row.environment or "", row.feature_name or "")
        table.add_row(str(row.id), clock.to_iso(row.created_at), row.type, row.created_by, *where)
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, width=400)
    console.print(table)
