"""Appending: gives the events of a batch their ids and times, and stores them. Only `unit` and `restore` call this."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, exists, func, insert, select, update

from flagkeeper.eventlog import versions
from flagkeeper.eventlog.log_signal import CHANNEL
from flagkeeper.eventlog.tables import events, log_head
from flagkeeper.eventlog.version import StoredVersion
from flagkeeper.kernel import clock
from flagkeeper.storage.dialects import Dialect, database_now
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction


class Draft(msgspec.Struct):
    """An event that is ready to be stored, save for its id and time."""

    row: dict[str, Any]
    versions: tuple[StoredVersion, ...] = ()


class LogEnd(msgspec.Struct, frozen=True):
    """The end of the log, while we hold its lock."""

    last_id: int
    now: clock.Millis
    """The time of what is appended: the database's, and never before what is there already."""


_LOCK = Query(
    select(log_head.c.last_id, log_head.c.last_created_at, database_now()).with_for_update(),
    lambda *row: tuple(map(int, row)),
)
_ADVANCE = Write[Any](
    update(log_head)
    .where(log_head.c.id == bindparam("head"))
    .values(last_id=bindparam("newest"), last_created_at=bindparam("moment"))
)
_INSERT = Write[Any](insert(events))
_NOTIFY = Query(select(func.pg_notify(CHANNEL, bindparam("newest"))), lambda _: None)
_IS_THERE = Query(
    select(
        exists().where(
            events.c.id == bindparam("event_id"),
            events.c.group_id == bindparam("group_id"),
            events.c.created_at == bindparam("moment"),
        )
    ),
    lambda found: bool(found),
)


def lock(tx: Transaction) -> LogEnd:
    """Takes the lock of the log, the one row of `log_head`, which every writer takes before anything else: whoever
    comes next waits for our commit. So ids rise in commit order and leave no holes, their times never fall, what a unit
    read stays true until it is stored, and no two writers ever wait for each other."""
    ((last_id, last_created_at, told),) = tx.all(_LOCK)
    return LogEnd(last_id, max(last_created_at, clock.follow(told)))


def append(tx: Transaction, drafts: Sequence[Draft], head: LogEnd) -> int:
    """Stores `drafts` in order, after `head`, as the last act before the commit. Returns the last id."""
    made: list[tuple[int, StoredVersion]] = []
    for event_id, draft in enumerate(drafts, head.last_id + 1):
        draft.row["id"] = event_id
        draft.row["created_at"] = head.now
        made += [(event_id, version) for version in draft.versions]
    newest = head.last_id + len(drafts)
    tx.later(_ADVANCE, [{"head": 1, "newest": newest, "moment": head.now}])
    tx.later(_INSERT, [draft.row for draft in drafts])
    versions.add(tx, made)
    if tx.dialect is Dialect.POSTGRESQL:
        tx.later(_NOTIFY, [{"newest": str(newest)}])
    return newest


def is_stored(tx: Transaction, last: Draft) -> bool:
    """Whether this event, which `append` has numbered, is in the log. Units of several servers may have one group."""
    row = last.row
    return tx.first(_IS_THERE, event_id=row["id"], group_id=row["group_id"], moment=row["created_at"]) is True
