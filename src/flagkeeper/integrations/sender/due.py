"""What is due, and everything else that one poll of the database tells the sender."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, func, select

from flagkeeper.eventlog.read import EVENT_COLUMNS, EventRow
from flagkeeper.eventlog.tables import events
from flagkeeper.integrations.delivery.model import AT_ONCE, Delivery
from flagkeeper.integrations.delivery.store import DELIVERY_COLUMNS, to_delivery
from flagkeeper.integrations.delivery.tables import IS_WAITING, deliveries
from flagkeeper.integrations.sender.receiver import Receiver, receivers, version
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.storage.dialects import any_of, none_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

# Not joined to the events: PostgreSQL takes the two for lists to merge, and reads all events from the first one on.
_ROWS: Select[Any] = (
    select(*DELIVERY_COLUMNS)
    .where(deliveries.c.integration_id == bindparam("integration"), IS_WAITING, none_of(deliveries.c.event_id, "known"))
    .limit(bindparam("room"))
)
_FRESH_ROWS = _ROWS.where(deliveries.c.due_at == AT_ONCE).order_by(deliveries.c.event_id)
_AGAIN_ROWS = _ROWS.where(deliveries.c.due_at > AT_ONCE, deliveries.c.due_at <= bindparam("now")).order_by(
    deliveries.c.due_at, deliveries.c.event_id
)
_FRESH, _AGAIN = Query(_FRESH_ROWS, to_delivery), Query(_AGAIN_ROWS, to_delivery)
_FRESH_OF_OTHERS = Query(_FRESH_ROWS.where(none_of(deliveries.c.subject, "held_up")), to_delivery)
_AGAIN_OF_THESE = Query(_AGAIN_ROWS.where(any_of(deliveries.c.event_id, "heads")), to_delivery)
# Two questions, the first of which has a short answer. Asked as one, with a subquery, PostgreSQL goes through all that
# is waiting, row by row.
_HEADS = Query(
    select(deliveries.c.subject, func.min(deliveries.c.event_id))
    .where(deliveries.c.integration_id == bindparam("integration"), IS_WAITING, deliveries.c.due_at > AT_ONCE)
    .group_by(deliveries.c.subject),
    lambda subject, event_id: (str(subject), int(event_id)),
)
_EVENTS = Query(select(*EVENT_COLUMNS).where(any_of(events.c.id, "event_ids")), EventRow)
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
    """What may be sent now. With `ordered`, of a subject of which something waits to be tried again only the first of
    that."""
    which = {"integration": ask.integration_id, "known": ask.known, "room": ask.room}
    if ask.ordered:
        heads = dict(tx.all(_HEADS, integration=ask.integration_id))
        again = tx.all(_AGAIN_OF_THESE, **which, now=now, heads=list(heads.values()))
        fresh = tx.all(_FRESH_OF_OTHERS, **which, held_up=list(heads))
    else:
        again, fresh = tx.all(_AGAIN, **which, now=now), tx.all(_FRESH, **which)
    fresh, again = _with_events(tx, fresh), _with_events(tx, again)
    return Found(
        fresh=fresh,
        again=again,
        is_full=ask.room in (len(again), len(fresh)),
        next_due=tx.first(_NEXT_DUE, integration=ask.integration_id, now=now),
    )


def _with_events(tx: Transaction, found: list[Delivery]) -> list[Delivery]:
    """The deliveries with those of their events that are in the database. The archive is not asked here: others would
    wait for it."""
    if not found:
        return []
    at_hand = {row.id: row for row in tx.all(_EVENTS, event_ids=[each.event_id for each in found])}
    return [msgspec.structs.replace(each, event=at_hand.get(each.event_id)) for each in found]


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    found: dict[int, Found]
    """What is due, by integration."""
    receivers: Mapping[int, Receiver] | None
    """The integrations that are switched on. None: as before."""
    version: int
    """Of the integrations."""


def poll(tx: Transaction, asks: Sequence[Ask], now: Millis, known_version: int, keyring: Keyring) -> Polled:
    newest = version(tx)
    return Polled(
        found={ask.integration_id: due(tx, ask, now) for ask in asks},
        receivers=None if newest == known_version else receivers(tx, keyring),
        version=newest,
    )
