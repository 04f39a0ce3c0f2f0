"""Appending: gives the events of a batch their ids and times, and stores them. Only `unit` and `restore` call this."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, case, func, insert, select, update

from flagkeeper.eventlog.bell import CHANNEL
from flagkeeper.eventlog.tables import event_versions, events, log_head
from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction


class Draft(msgspec.Struct):
    """An event that is ready to be stored, save for its id and time."""

    row: dict[str, Any]
    version: dict[str, Any] | None = None


class Head(msgspec.Struct, frozen=True):
    """The end of the log: the last id and time that were given out."""

    last_id: int
    last_created_at: int


_ADVANCE = Write(
    update(log_head)
    .where(log_head.c.id == 1)
    .values(
        last_id=log_head.c.last_id + bindparam("count"),
        last_created_at=case(
            (log_head.c.last_created_at > bindparam("now"), log_head.c.last_created_at), else_=bindparam("now")
        ),
    )
    .returning(log_head.c.last_id, log_head.c.last_created_at),
    Head,
)
_INSERT = Write[Any](insert(events))
_INSERT_VERSION = Write[Any](insert(event_versions))
_NOTIFY = Query(select(func.pg_notify(CHANNEL, bindparam("id"))), lambda _: None)


def append(tx: Transaction, drafts: Sequence[Draft], now: int) -> Head:
    """Stores `drafts` in order, as the last act before the commit.

    Advancing the one row of `log_head` is the log's lock: whoever comes next waits for our commit, so ids rise in
    commit order and leave no holes, and their times never fall.
    """
    (head,) = tx.write_returning(_ADVANCE, count=len(drafts), now=now)
    first = head.last_id - len(drafts) + 1
    versions = []
    for event_id, draft in enumerate(drafts, first):
        draft.row["id"] = event_id
        draft.row["created_at"] = head.last_created_at
        if draft.version is not None:
            versions.append({"event_id": event_id, **draft.version})
    tx.write_many(_INSERT, [draft.row for draft in drafts])
    tx.write_many(_INSERT_VERSION, versions)
    if tx.dialect is Dialect.POSTGRESQL:
        tx.all(_NOTIFY, id=str(head.last_id))
    return head
