"""One event, with all that helps to understand it."""

import msgspec

from flagkeeper.eventlog.query import EventQuery
from flagkeeper.eventlog.query.conditions import Field, condition
from flagkeeper.eventlog.query.evaluate import visible
from flagkeeper.eventlog.read import EventOut, EventRow, log_position
from flagkeeper.kernel.errors import NotFound
from flagkeeper.readmodels.event_search.neighbours import Neighbours, neighbours
from flagkeeper.readmodels.views.changes import Changes, changes_of
from flagkeeper.readmodels.views.log import Log
from flagkeeper.readmodels.views.mention import Mention, listing, mention, permalink
from flagkeeper.readmodels.views.parts import ALL, EventParts, parts_of
from flagkeeper.storage.transaction import Transaction

MOST_IN_GROUP = 50
"""Other events of the group that are named; the list has them all."""


class Group(msgspec.Struct, frozen=True):
    """All events that one request caused."""

    id: str
    total: int
    """How many, this one included."""
    others: list[Mention]
    """The oldest first, and not more than 50."""
    link: str
    """Where all of them are listed."""


class EventPage(msgspec.Struct, frozen=True):
    """An event, what it changed, and the events around it."""

    event: EventOut
    parts: EventParts
    permalink: str
    diff: Changes
    group: Group | None
    neighbours: Neighbours


def event_page(tx: Transaction, log: Log, event_id: int) -> EventPage:
    """All about the event.

    Raises:
        NotFound: there is none, or none that the reader may see, which the answer does not tell apart.
    """
    if not 1 <= event_id <= log_position(tx).last_id:
        raise _not_found(event_id)
    (row,) = log.rows.of(tx, [event_id])
    if not visible(row, log.visibility):
        raise _not_found(event_id)
    return EventPage(
        event=row.shown(log.view),
        parts=parts_of(row, ALL),
        permalink=permalink(row.id, log.view),
        diff=changes_of(row),
        group=_group(tx, log, row),
        neighbours=neighbours(tx, log, row),
    )


def _group(tx: Transaction, log: Log, row: EventRow) -> Group | None:
    if row.group_id is None:
        return None
    query = EventQuery(conditions=(condition(Field.GROUP, row.group_id),))
    ids = log.search.find(tx, query, log.visibility, limit=MOST_IN_GROUP + 1, after=0).ids
    others = [each for each in ids if each != row.id][:MOST_IN_GROUP]
    total = log.search.total(tx, query, log.visibility).events
    return Group(row.group_id, total, [mention(each, log.view) for each in log.rows.of(tx, others)], listing(query))


def _not_found(event_id: int) -> NotFound:
    return NotFound(f"There is no event {event_id}, or none that you may see.")
