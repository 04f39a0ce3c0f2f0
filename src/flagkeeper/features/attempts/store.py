"""Loading and saving attempts. Private to this slice."""

from typing import Any

from sqlalchemy import bindparam, delete, func, select, tuple_

from flagkeeper.features.attempts.model import MOST_REMEMBERED, Count
from flagkeeper.features.attempts.tables import attempts
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_FIND = Query(
    select(attempts.c.number, attempts.c.since).where(
        attempts.c.what == bindparam("what"), attempts.c.who == bindparam("who")
    ),
    Count,
)
_SAVE = Write[Any](upsert(attempts, key=["what", "who"], update=["since", "number", "ends_at"]))
_FORGET_ENDED = Write[Any](delete(attempts).where(attempts.c.ends_at <= bindparam("now")))
_NUMBER = Query(select(func.count()).select_from(attempts).where(attempts.c.what == bindparam("what")), int)
_FORGET_LIGHTEST = Write[Any](
    delete(attempts).where(
        tuple_(attempts.c.what, attempts.c.who).in_(
            select(attempts.c.what, attempts.c.who)
            .where(attempts.c.what == bindparam("kind"))
            .order_by(attempts.c.number, attempts.c.ends_at)
            .limit(bindparam("number"))
        )
    )
)


def find(tx: Transaction, what: str, who: str) -> Count | None:
    return tx.first(_FIND, what=what, who=who)


def save(tx: Transaction, what: str, who: str, count: Count, ends_at: Millis) -> None:
    tx.write(_SAVE, what=what, who=who, since=count.since, number=count.number, ends_at=ends_at)


def make_room(tx: Transaction, what: str, now: Millis) -> None:
    """Room for one more: without what no longer counts and, if need be, without the lighter half."""
    tx.write(_FORGET_ENDED, now=now)
    if (tx.first(_NUMBER, what=what) or 0) >= MOST_REMEMBERED:
        tx.write(_FORGET_LIGHTEST, kind=what, number=MOST_REMEMBERED // 2)
