"""The events that are still in the database, as the archive deals with them."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from flagkeeper.eventlog.parquet import Kept, StoredEvent
from flagkeeper.eventlog.read import EventRow
from flagkeeper.eventlog.tables import event_versions, events, log_followers, log_head
from flagkeeper.kernel import clock
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

REWRITTEN = ("created_by", "data", "pre_data", "tags", "summary", "subject")
"""The columns of an event that may hold a name of a person."""

_ROW = [events.c[name] for name in EventRow.__struct_fields__]
_BESIDE = (events.c.subject, events.c.reach, event_versions.c.kind, event_versions.c.schema, event_versions.c.state)


def _to_stored(*values: Any) -> StoredEvent:
    *row, subject, reach, kind, schema, state = values
    version = None if kind is None else Kept(kind, schema, bytes(state))
    return StoredEvent(EventRow(*row), subject, reach, version)


_STORED = Query(
    select(*_ROW, *_BESIDE)
    .select_from(events.outerjoin(event_versions, event_versions.c.event_id == events.c.id))
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
_REWRITE_VERSION = Write[Any](
    update(event_versions).where(event_versions.c.event_id == bindparam("event")).values(state=bindparam("new_state"))
)
_DELETE_VERSIONS = Write[Any](delete(event_versions).where(event_versions.c.event_id <= bindparam("last")))
_DELETE = Write[Any](delete(events).where(events.c.id <= bindparam("last")))


def stored(tx: Transaction, first: int, last: int) -> list[StoredEvent]:
    """Everything that the database keeps of the events from `first` to `last`, oldest first."""
    return tx.all(_STORED, first=first, last=last)


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
    tx.write(_DELETE_VERSIONS, last=last)
    return tx.write(_DELETE, last=last)


def rewrite(tx: Transaction, changed: Sequence[StoredEvent]) -> None:
    """Puts these events in the place of those that have the same ids."""
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
    versions = [(event.row.id, event.version) for event in changed]
    tx.write_many(
        _REWRITE_VERSION,
        [{"event": event_id, "new_state": version.state} for event_id, version in versions if version is not None],
    )


def lock_head(tx: Transaction) -> int:
    """The newest event; until the unit ends, no other is recorded."""
    return tx.first(_LOCK_HEAD) or 0
