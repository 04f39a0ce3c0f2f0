"""The event timeline: what happened in an environment in some hours or days, in groups, and never cut short."""

from collections.abc import Iterable

import msgspec

from flagkeeper.eventlog.catalogue import TIMELINE_TYPES
from flagkeeper.eventlog.catalogue.tone import Tone
from flagkeeper.eventlog.index.terms import KINDS
from flagkeeper.eventlog.query import EventQuery
from flagkeeper.eventlog.query.conditions import Field, condition
from flagkeeper.eventlog.read import EventRow
from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import Millis
from flagkeeper.readmodels.timeline.appearance import Icon, icon_of, tone_of, tones_of
from flagkeeper.readmodels.timeline.grouping import Cluster, clusters
from flagkeeper.readmodels.timeline.scope import concerning, narrowed
from flagkeeper.readmodels.views.log import Log
from flagkeeper.readmodels.views.mention import Mention, listing, mention
from flagkeeper.storage.transaction import Transaction

MARKS, MOST_MARKS = 60, 200
"""Groups of a timeline at most: by default, and if more are asked for."""
NAMED = 5
"""Events of a group that are named."""
_ALL = 2**62


class TimelineGroup(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Events that stand so near to each other that they are drawn as one mark, where the first of them is."""

    at: str
    until: clock.Iso
    """When the last one happened."""
    position: float
    """Of the first one: per cent of the window, 0 to 100."""
    total: int
    first_id: int
    last_id: int
    """The newest. Others lie between them, too, that are not shown here; `query` finds those of the group alone."""
    types: dict[str, int]
    """How many there are of each type."""
    tones: dict[Tone, int]
    """How many there are of each tone."""
    tone: Tone
    """That of all of them, or else `neutral`."""
    icon: Icon
    events: list[Mention]
    """The oldest, and not more than 5."""
    query: str
    """Finds exactly these events, in the query language."""
    link: str
    """Where all of them are listed."""


class Timeline(msgspec.Struct, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """The events of a window of time that the catalogue marks as important."""

    since: clock.Iso
    until: clock.Iso
    environment: str | None
    """Events of other environments are left out. Null: of none."""
    total: int
    groups: list[TimelineGroup]


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What a timeline shows: `query` within `start` to `end` (both included)."""

    start: Millis
    end: Millis
    environment: str | None
    query: EventQuery
    marks: int = MARKS
    """Groups at most."""


def timeline(tx: Transaction, log: Log, window: Window) -> Timeline:
    marked = narrowed(within(window.query, window.start, window.end), condition(Field.TYPE, *sorted(TIMELINE_TYPES)))
    query = concerning(marked, window.environment)
    ids = log.search.find(tx, query, log.visibility, limit=_ALL, after=0).whole()
    found = clusters(tx, log.rows, ids, window.start, window.end, window.marks)
    named = {place for each in found for place in (*range(each.start, each.end)[:NAMED], each.end - 1)}
    rows = dict(zip(sorted(named), log.rows.of(tx, [ids[place] for place in sorted(named)]), strict=True))
    types = _types(tx, log, query, [*(ids[each.start] for each in found), *(each + 1 for each in ids[-1:])])
    return Timeline(
        since=clock.to_iso(window.start),
        until=clock.to_iso(window.end),
        environment=window.environment,
        total=len(ids),
        groups=[_group(log, window, query, each, rows, of_type) for each, of_type in zip(found, types, strict=True)],
    )


def within(query: EventQuery, start: Millis, end: Millis) -> EventQuery:
    """The query, of the events from `start` to `end`, both included; it may narrow that further."""
    since = start if query.since is None else max(start, query.since)
    until = end + 1 if query.until is None else min(end + 1, query.until)
    return msgspec.structs.replace(query, since=since, until=until)


def _types(tx: Transaction, log: Log, query: EventQuery, edges: list[int]) -> list[dict[str, int]]:
    """How many events of each type there are between each two neighbouring ids of `edges`."""
    counted = log.search.grouped(tx, query, log.visibility, [Field.TYPE], edges).of(KINDS[Field.TYPE]) if edges else {}
    return [{kind: counts[i] for kind, counts in sorted(counted.items()) if counts[i]} for i in range(len(edges) - 1)]


def _group(
    log: Log, window: Window, query: EventQuery, cluster: Cluster, rows: dict[int, EventRow], types: dict[str, int]
) -> TimelineGroup:
    oldest, newest = rows[cluster.start], rows[cluster.end - 1]
    first, last = oldest.created_at, newest.created_at
    exactly = msgspec.structs.replace(query, since=first, until=last + 1)
    listed: Iterable[int] = range(cluster.start, cluster.end)[:NAMED]
    return TimelineGroup(
        at=clock.to_iso(first),
        until=clock.to_iso(last),
        position=round(100 * (first - window.start) / (window.end - window.start), 3),
        total=cluster.end - cluster.start,
        first_id=oldest.id,
        last_id=newest.id,
        types=types,
        tones=tones_of(types),
        tone=tone_of(types),
        icon=icon_of(types),
        events=[mention(rows[place], log.view) for place in listed],
        query=str(exactly),
        link=listing(exactly),
    )
