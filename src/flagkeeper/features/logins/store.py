"""Saving and forgetting logins. Private to this slice."""

from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from flagkeeper.features.logins.model import LoginRecord
from flagkeeper.features.logins.tables import logins
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.sequences import next_id
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_ADD = Write[Any](insert(logins))
_FORGET = Write[Any](delete(logins).where(logins.c.created_at < bindparam("before")))
_NEWEST_TOO_MANY = Query(
    select(logins.c.id)
    .where(logins.c.successful == bindparam("successful"))
    .order_by(logins.c.id.desc())
    .limit(1)
    .offset(bindparam("most")),
    int,
)
_FORGET_UP_TO = Write[Any](
    delete(logins).where(logins.c.successful == bindparam("outcome"), logins.c.id <= bindparam("last"))
)
_NAMES = Query(select(logins.c.username).where(logins.c.username.is_not(None)).distinct(), str)
_RENAME = Write[Any](update(logins).where(logins.c.username == bindparam("old")).values(username=bindparam("new")))


def new_id(tx: Transaction) -> int:
    return next_id(tx, "logins")


def add(tx: Transaction, record: LoginRecord) -> None:
    tx.write(_ADD, **{name: getattr(record, name) for name in record.__struct_fields__})


def forget(tx: Transaction, before: Millis, most: int) -> None:
    """Forgets those from before a moment, and all but the newest `most` of either outcome."""
    tx.write(_FORGET, before=before)
    for outcome in (True, False):
        last = tx.first(_NEWEST_TOO_MANY, successful=outcome, most=most)
        if last is not None:
            tx.write(_FORGET_UP_TO, outcome=outcome, last=last)


def names(tx: Transaction) -> list[str]:
    """The names of all who have logged in, or tried to."""
    return tx.all(_NAMES)


def rename(tx: Transaction, old: str, new: str) -> None:
    tx.write(_RENAME, old=old, new=new)
