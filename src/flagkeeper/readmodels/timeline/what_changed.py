"""What changed around a moment: for whoever is woken at three in the morning."""

from collections.abc import Iterator
from itertools import islice

import msgspec

from flagkeeper.eventlog.catalogue import CLIENT_TYPES, TIMELINE_TYPES
from flagkeeper.eventlog.diff import Line
from flagkeeper.eventlog.query import EventQuery
from flagkeeper.eventlog.query.conditions import Field, condition
from flagkeeper.eventlog.read import EventRow
from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import Millis
from flagkeeper.readmodels.timeline.scope import concerning, narrowed
from flagkeeper.readmodels.timeline.timeline import Window, within
from flagkeeper.readmodels.views.changes import lines_of
from flagkeeper.readmodels.views.log import Log
from flagkeeper.readmodels.views.mention import Mention, listing, mention
from flagkeeper.readmodels.views.parts import SOME
from flagkeeper.storage.transaction import Transaction

KEY_TYPES = tuple(sorted(CLIENT_TYPES | TIMELINE_TYPES))
"""What may have changed what people get to see comes first."""
MOST_EVENTS = 10
"""Events of one entry that are shown."""
MOST_LINES = 20
LONGEST_LINE = 200
_BATCH = 100


class ChangedEvent(msgspec.Struct, frozen=True):
    """An event, and what it changed."""

    event: Mention
    lines: list[Line]
    """The first 20 at most, each of 200 characters at most."""
    more_lines: bool = msgspec.field(name="moreLines")


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All that one request changed here."""

    group_id: str | None
    created_at: clock.Iso
    created_by: str
    seconds_before: float
    """How long before the moment; below zero: after it."""
    key: bool
    """Whether clients may have noticed, or the timeline shows it."""
    total: int
    """Events of the request that concern the environment."""
    events: list[ChangedEvent]
    """The oldest first, and not more than 10."""
    link: str
    """Where all of them are listed."""


class LeftOut(msgspec.Struct, frozen=True):
    """What was not shown for want of room."""

    events: int
    query: str
    """Finds all events around the moment, also those that are shown, in the query language."""
    link: str


class WhatChanged(
    msgspec.Struct, frozen=True, kw_only=True, rename={"since": "from", "until": "to", "left_out": "leftOut"}
):
    """What changed around a moment: first what clients may have noticed, the nearest before the moment first of all."""

    at: str
    since: clock.Iso
    until: clock.Iso
    environment: str | None
    entries: list[Entry]
    left_out: LeftOut


def what_changed(tx: Transaction, log: Log, window: Window, at: Millis, limit: int) -> WhatChanged:
    query = concerning(within(window.query, window.start, window.end), window.environment)
    entries = list(islice(_entries(tx, log, query, at), limit))
    left = log.search.total(tx, query, log.visibility).events - sum(each.total for each in entries)
    return WhatChanged(
        at=clock.to_iso(at),
        since=clock.to_iso(window.start),
        until=clock.to_iso(window.end),
        environment=window.environment,
        entries=entries,
        left_out=LeftOut(max(0, left), str(query), listing(query)),
    )


def _entries(tx: Transaction, log: Log, query: EventQuery, at: Millis) -> Iterator[Entry]:
    """Every request's entry once, the most telling first."""
    seen: list[str] = []
    for key in (True, False):
        of_kind = narrowed(query, condition(Field.TYPE, *KEY_TYPES, negated=not key))
        for part, where in (
            (within(of_kind, 0, at), {"before": 2**62}),
            (msgspec.structs.replace(of_kind, since=max(at + 1, of_kind.since or 0)), {"after": 0}),
        ):
            for row in _leaders(tx, log, part, where, seen):
                if row.group_id is not None:
                    seen.append(row.group_id)
                yield _entry(tx, log, query, row, at, key=key)


def _leaders(
    tx: Transaction, log: Log, query: EventQuery, where: dict[str, int], seen: list[str]
) -> Iterator[EventRow]:
    """The first event of each request that is not among `seen`, in the order of `where`."""
    side = next(iter(where))
    while True:
        others = narrowed(query, condition(Field.GROUP, *seen, negated=True)) if seen else query
        ids = log.search.find(tx, others, log.visibility, limit=_BATCH, **where).whole()
        for row in log.rows.of(tx, ids):
            if row.group_id not in seen:
                yield row
        if len(ids) < _BATCH:
            return
        where = {side: ids[-1]}


def _entry(tx: Transaction, log: Log, query: EventQuery, leader: EventRow, at: Millis, *, key: bool) -> Entry:
    rows, total = [leader], 1
    if leader.group_id is not None:
        query = narrowed(query, condition(Field.GROUP, leader.group_id))
        total = log.search.total(tx, query, log.visibility).events
        if total > 1:
            ids = log.search.find(tx, query, log.visibility, limit=MOST_EVENTS, after=0).whole()
            others = [each for each in ids if each != leader.id][: MOST_EVENTS - 1]
            rows = log.rows.of(tx, sorted([leader.id, *others]))
    else:
        query = EventQuery(conditions=(condition(Field.ID, str(leader.id)),))
    return Entry(
        group_id=leader.group_id,
        created_at=clock.to_iso(leader.created_at),
        created_by=leader.created_by,
        seconds_before=(at - leader.created_at) / 1000,
        key=key,
        total=total,
        events=[_changed(log, row) for row in rows],
        link=listing(query),
    )


def _changed(log: Log, row: EventRow) -> ChangedEvent:
    lines = list(islice(lines_of(row), MOST_LINES + 1))
    told = mention(row, log.view, SOME)
    return ChangedEvent(told, [_short(line) for line in lines[:MOST_LINES]], len(lines) > MOST_LINES)


def _short(line: Line) -> Line:
    if len(line.text) <= LONGEST_LINE:
        return line
    return Line(line.change, line.path[:LONGEST_LINE], line.text[: LONGEST_LINE - 1] + "…")
