"""The events that are still in the database, as the archive deals with them."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, select, update

from flagkeeper.eventlog import versions
from flagkeeper.eventlog.parquet import StoredEvent
from flagkeeper.eventlog.read import EVENT_COLUMNS, EventRow
from flagkeeper.eventlog.tables import events, log_followers, log_head
from flagkeeper.kernel import clock
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

REWRITTEN = ("created_by", "data", "pre_data", "tags", "summary", "more", "subject")
"""The columns of an event that may hold a name of a person."""


def _to_stored(*values: Any) -> StoredEvent:
    *row, subject, reach = values
    return StoredEvent(EventRow(*row), subject, reach, ())


_STORED = Query(
    select(*EVENT_COLUMNS, events.c.subject, events.c.reach)
    .where(events.c.id >= bindparam("first"), events.c.id <= bindparam("last"))
    .order_by(events.c.id),
    _to_stored,
)
_FIRST_ID = Query(select(func.min(events.c.id)), lambda first: first)
_TIME_OF = Query(select(events.c.created_at).where(events.c.id == bindparam("id")), int)
_SLOWEST = Query(select(func.min(log_followers.c.position)), lambda position: position)
_LOCK_HEAD = Query(select(log_head.c.last_id).with_for_update(), int)
_REWRITE = Write[Any](
    update(events)
    .where(events.c.id == bindparam("event"))
    .values({name: bindparam(f"new_{name}") for name in REWRITTEN})
)
_DELETE = Write[Any](delete(events).where(events.c.id <= bindparam("last")))


def stored(tx: Transaction, first: int, last: int) -> list[StoredEvent]:
    """Everything that the database keeps of the events from `first` to `last`, oldest first."""
    found = tx.all(_STORED, first=first, last=last)
    kept = versions.between(tx, first, last)
    return [msgspec.structs.replace(each, versions=kept.get(each.row.id, ())) for each in found]


def first_id(tx: Transaction) -> int | None:
    """The oldest event in the database; None when all are archived, or there is none."""
    return tx.first(_FIRST_ID)


def first_since(tx: Transaction, moment: clock.Millis, first: int, last: int) -> int:
    """The first event from `first` to `last` of this time or later; `last + 1` when there is none. Ids follow time, so
    some twenty looks find it, without an index on times."""
    return bisect(lambda event_id: (tx.first(_TIME_OF, id=event_id) or 0) >= moment, first, last + 1)


def bisect(is_reached: Callable[[int], bool], low: int, end: int) -> int:
    """The first number from `low` on for which it is reached; `end` when there is none."""
    while low < end:
        middle = (low + end) // 2
        if is_reached(middle):
            end = middle
        else:
            low = middle + 1
    return low


def slowest_follower(tx: Transaction) -> int | None:
    """How far the last of the durable followers has come; None when there is none."""
    return tx.first(_SLOWEST)


def remove(tx: Transaction, last: int) -> int:
    """Removes all events up to `last`. How many."""
    versions.remove(tx, last)
    return tx.write(_DELETE, last=last)


def rewrite(tx: Transaction, changed: Sequence[StoredEvent]) -> None:
    """Puts these events in the place of those that have the same ids."""
    ids = [event.row.id for event in changed]
    tx.write_many(
        _REWRITE,
        [
            {
                "event": event.row.id,
                "new_subject": event.subject,
                **{f"new_{name}": getattr(event.row, name) for name in REWRITTEN if name != "subject"},
            }
            for event in changed
        ],
    )
    made = [(event.row.id, version) for event in changed for version in event.versions]
    versions.rewrite(tx, made, ids)


def lock_head(tx: Transaction) -> int:
    """The newest event; until the unit ends, no other is recorded."""
    return tx.first(_LOCK_HEAD) or 0
