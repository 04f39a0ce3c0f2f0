"""Which events a command is about: words of the query language, and options that mean the same."""

from typing import TYPE_CHECKING, Annotated

import typer

from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData

if TYPE_CHECKING:
    from flagkeeper.eventlog.query import EventQuery
    from flagkeeper.eventlog.query.conditions import Condition
    from flagkeeper.storage.transaction import Transaction

Since = Annotated[str | None, typer.Option(help="That long ago, or then: 30m, 2h, 7d, 2026-01-31, an ISO time.")]
Saved = Annotated[
    str | None, typer.Option(metavar="NAME", help="A shared saved search (or its id), which must hold besides.")
]


def read_words(
    words: str, *conditions: "Condition", saved: str = "", since: str | None = None, until: str | None = None
) -> "EventQuery":
    """What the words, a saved search and the options say; all of it must hold.

    Raises:
        BadData: something makes no sense.
    """
    from flagkeeper.eventlog.query import EventQuery, parse

    now = clock.now()
    written, kept = parse(words, now, "QUERY"), parse(saved, now, "--saved")
    starts = [each for each in (written.since, kept.since, read_moment(since, now)) if each is not None]
    ends = [each for each in (written.until, kept.until, read_moment(until, now)) if each is not None]
    return EventQuery(
        conditions=(*written.conditions, *kept.conditions, *conditions),
        since=max(starts, default=None),
        until=min(ends, default=None),
    )


def saved_query(tx: "Transaction", name: str) -> str:
    """The query of a shared search.

    Raises:
        NotFound: nobody shares a search of that name; says which there are.
        BadData: several do.
    """
    from flagkeeper.features.searches.queries import shared_search

    return shared_search(tx, name).query


def read_moment(text: str | None, now: clock.Millis) -> clock.Millis | None:
    """A moment, written as the query language has it."""
    from flagkeeper.eventlog.query import parse

    if text is None:
        return None
    try:
        return parse(f"since:{text}", now).since
    except BadData as error:
        raise BadData(f"{text!r} is no time. Write it like 2h, 2026-01-31 or 2026-01-31T12:00:00Z.") from error
