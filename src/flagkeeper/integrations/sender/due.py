"""Finding what is due."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, func, literal_column, select

from flagkeeper.eventlog.read import EventRow
from flagkeeper.eventlog.tables import events
from flagkeeper.integrations.delivery_model import AT_ONCE, Delivery
from flagkeeper.integrations.delivery_store import DELIVERY_COLUMNS, to_delivery
from flagkeeper.integrations.delivery_tables import IS_WAITING, deliveries
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_EVENT = [events.c[name] for name in EventRow.__struct_fields__]
_WITH_EVENT = (
    select(*DELIVERY_COLUMNS, *_EVENT)
    .select_from(deliveries.outerjoin(events, events.c.id == deliveries.c.event_id))
    .where(deliveries.c.integration_id == bindparam("integration"), IS_WAITING)
)
_UNKNOWN = ~any_of(deliveries.c.event_id, "known")
_earlier = deliveries.alias("earlier")


def _no_earlier(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """No waiting delivery of the same subject comes before this one.

    In these words, because all others (`NOT EXISTS`, `LIMIT 1`) make PostgreSQL go through the whole table.
    """
    found = select(func.min(_earlier.c.event_id)).where(
        _earlier.c.integration_id == deliveries.c.integration_id,
        _earlier.c.subject == deliveries.c.subject,
        _earlier.c.event_id < deliveries.c.event_id,
        _earlier.c.state == literal_column("'waiting'"),
        *conditions,
    )
    return found.scalar_subquery().is_(None)


def _fresh(*conditions: ColumnElement[bool]) -> Query[Delivery]:
    wanted: Select[Any] = _WITH_EVENT.where(deliveries.c.due_at == AT_ONCE, _UNKNOWN, *conditions)
    return Query(wanted.order_by(deliveries.c.event_id).limit(bindparam("room")), to_delivery)


def _again(*conditions: ColumnElement[bool]) -> Query[Delivery]:
    wanted: Select[Any] = _WITH_EVENT.where(
        deliveries.c.due_at > AT_ONCE, deliveries.c.due_at <= bindparam("now"), _UNKNOWN, *conditions
    )
    return Query(wanted.order_by(deliveries.c.due_at, deliveries.c.event_id).limit(bindparam("room")), to_delivery)


# An earlier one that was not tried yet is found by the same search, and waited for in memory; what only the database
# knows of are those that wait to be tried again.
# The sum keeps the search of these on the index by subject: the one by time would be gone through for each row.
_FRESH, _FRESH_ORDERED = _fresh(), _fresh(_no_earlier(_earlier.c.due_at + 0 > AT_ONCE))
_AGAIN, _AGAIN_ORDERED = _again(), _again(_no_earlier())
_NEXT_DUE = Query(
    select(deliveries.c.due_at)
    .where(deliveries.c.integration_id == bindparam("integration"), IS_WAITING, deliveries.c.due_at > bindparam("now"))
    .order_by(deliveries.c.due_at)
    .limit(1),
    int,
)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender wants to know of one integration."""

    integration_id: int
    ordered: bool
    room: int
    """So many deliveries at most, of each kind."""
    known: list[int]
    """The events whose deliveries it has already."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is due for one integration."""

    fresh: list[Delivery]
    """Not tried yet, in log order."""
    again: list[Delivery]
    """Tried before, the longest due first."""
    is_full: bool
    """There may be more that is due."""
    next_due: Millis | None
    """When there will be more to try again."""


def due(tx: Transaction, ask: Ask, now: Millis) -> Found:
    """What may be sent now. With `ordered`, nothing of a subject of which something earlier waits to be tried again."""
    fresh, again = (_FRESH_ORDERED, _AGAIN_ORDERED) if ask.ordered else (_FRESH, _AGAIN)
    which = {"integration": ask.integration_id, "known": ask.known, "room": ask.room}
    tried, untried = tx.all(again, **which, now=now), tx.all(fresh, **which)
    return Found(
        again=tried,
        fresh=untried,
        is_full=ask.room in (len(tried), len(untried)),
        next_due=tx.first(_NEXT_DUE, integration=ask.integration_id, now=now),
    )
