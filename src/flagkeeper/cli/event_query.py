"""Which events a command is about: words of the query language, and options that mean the same."""

from typing import TYPE_CHECKING, Annotated

import typer

from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData

if TYPE_CHECKING:
    from flagkeeper.eventlog.query import EventQuery
    from flagkeeper.eventlog.query.conditions import Condition

Since = Annotated[str | None, typer.Option(help="That long ago, or then: 30m, 2h, 7d, 2026-01-31, an ISO time.")]


def read_words(
    words: str, *conditions: "Condition", since: str | None = None, until: str | None = None
) -> "EventQuery":
    """What the words and the options say; all of it must hold.

    Raises:
        BadData: something makes no sense.
    """
    from flagkeeper.eventlog.query import EventQuery, parse

    now = clock.now()
    written = parse(words, now, "QUERY")
    starts = [each for each in (written.since, read_moment(since, now)) if each is not None]
    ends = [each for each in (written.until, read_moment(until, now)) if each is not None]
    return EventQuery(
        conditions=(*written.conditions, *conditions), since=max(starts, default=None), until=min(ends, default=None)
    )


def read_moment(text: str | None, now: clock.Millis) -> clock.Millis | None:
    """A moment, written as the query language has it."""
    from flagkeeper.eventlog.query import parse

    if text is None:
        return None
    try:
        return parse(f"since:{text}", now).since
    except BadData as error:
        raise BadData(f"{text!r} is no time. Write it like 2h, 2026-01-31 or 2026-01-31T12:00:00Z.") from error
