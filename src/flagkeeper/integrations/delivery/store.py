"""Writing deliveries and attempts. For commands, the fan-out and the sender."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, case, delete, func, insert, literal_column, select, update

from flagkeeper.integrations.delivery.model import AT_ONCE, Attempt, Delivery, DeliveryState
from flagkeeper.integrations.delivery.tables import IS_WAITING, deliveries, integration_events
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.storage.dialects import any_of, upsert
from flagkeeper.storage.sequences import sequences
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

SOME = 500
"""Rows that are deleted or changed in one unit, so that nobody waits long for the writer."""


DELIVERY_COLUMNS = [
    deliveries.c[name]
    for name in ("integration_id", "event_id", "subject", "attempt", "message_id", "parts_done", "since")
]
_decode_parts = msgspec.json.Decoder(tuple[str, ...]).decode


def to_delivery(
    integration_id: int,
    event_id: int,
    subject: str,
    attempt: int,
    message_id: str,
    parts_done: str,
    since: int,
) -> Delivery:
    """A row of `DELIVERY_COLUMNS`, still without its event."""
    return Delivery(
        integration_id=integration_id,
        event_id=event_id,
        subject=subject,
        attempt=attempt,
        message_id=message_id,
        parts_done=_decode_parts(parts_done),
        since=since,
        event=None,
    )


class NewDelivery(msgspec.Struct, frozen=True):
    """An event that an integration wants."""

    integration_id: int
    event_id: int
    subject: str
    since: Millis


_ADD = Write[Any](insert(deliveries))
_ADD_ATTEMPT = Write[Any](insert(integration_events))
_NUMBERS = "integration_events"
_CREATE_NUMBERS = Write[Any](upsert(sequences, key=["name"]))
_TAKE_NUMBERS = Write(
    update(sequences)
    .where(sequences.c.name == bindparam("sequence"))
    .values(last=sequences.c.last + bindparam("count"))
    .returning(sequences.c.last),
    int,
)
_SETTLE = Write[Any](
    update(deliveries)
    .where(
        deliveries.c.integration_id == bindparam("integration"),
        deliveries.c.event_id == bindparam("event"),
        deliveries.c.attempt == bindparam("before"),
        IS_WAITING,
    )
    .values(
        state=bindparam("new_state"),
        attempt=bindparam("number"),
        due_at=bindparam("new_due_at"),
        parts_done=bindparam("new_parts_done"),
    )
)
_REPLAY = Write[Any](
    update(deliveries)
    .where(deliveries.c.integration_id == bindparam("integration"), any_of(deliveries.c.event_id, "event_ids"))
    .values(
        state=DeliveryState.WAITING.value,
        attempt=0,
        due_at=AT_ONCE,
        parts_done=case((deliveries.c.state == literal_column("'done'"), "[]"), else_=deliveries.c.parts_done),
        since=bindparam("now"),
    )
)


def add(tx: Transaction, wanted: Sequence[NewDelivery]) -> None:
    """New deliveries, in log order."""
    tx.write_many(
        _ADD,
        [
            {
                "integration_id": each.integration_id,
                "event_id": each.event_id,
                "subject": each.subject,
                "state": DeliveryState.WAITING.value,
                "attempt": 0,
                "due_at": AT_ONCE,
                "message_id": f"msg_{new_ulid()}",
                "parts_done": "[]",
                "since": each.since,
            }
            for each in wanted
        ],
    )


def record(tx: Transaction, attempts: Sequence[Attempt]) -> None:
    """What attempts came to. One that another process got ahead of is shown, but no longer decides anything."""
    first = _take_numbers(tx, len(attempts))
    tx.write_many(
        _ADD_ATTEMPT,
        [
            {
                "id": number,
                "integration_id": each.delivery.integration_id,
                "event_id": each.delivery.event_id,
                "created_at": each.at,
                "state": each.shown.value,
                "state_details": each.reason,
                "details": each.details,
            }
            for number, each in enumerate(attempts, first)
        ],
    )
    tx.write_many(
        _SETTLE,
        [
            {
                "integration": each.delivery.integration_id,
                "event": each.delivery.event_id,
                "before": each.delivery.attempt,
                "new_state": each.state.value,
                "number": each.number,
                "new_due_at": each.due_at,
                "new_parts_done": msgspec.json.encode(each.parts_done).decode(),
            }
            for each in attempts
        ],
    )


def replay(tx: Transaction, integration_id: int, event_ids: list[int], now: Millis) -> int:
    """Makes deliveries wait as if they had never been tried. Parts that were accepted are left out, unless all were."""
    return tx.write(_REPLAY, integration=integration_id, event_ids=event_ids, now=now)


def _take_numbers(tx: Transaction, count: int) -> int:
    """The first of so many numbers that nobody else has. The next one waits for our commit: they rise in its
    order."""
    found = tx.write_returning(_TAKE_NUMBERS, sequence=_NUMBERS, count=count)
    if not found:
        tx.write(_CREATE_NUMBERS, name=_NUMBERS, last=0)
        found = tx.write_returning(_TAKE_NUMBERS, sequence=_NUMBERS, count=count)
    return found[0] - count + 1


_WAITING_SINCE = Query(
    select(*DELIVERY_COLUMNS)
    .where(deliveries.c.integration_id == bindparam("integration"), IS_WAITING, deliveries.c.since < bindparam("since"))
    .order_by(deliveries.c.due_at, deliveries.c.event_id)
    .limit(SOME),
    to_delivery,
)
_CLEAR_FINISHED = Write[Any](
    delete(deliveries).where(
        deliveries.c.integration_id == bindparam("integration"),
        deliveries.c.event_id.in_(
            select(deliveries.c.event_id)
            .where(
                deliveries.c.integration_id == bindparam("integration"),
                deliveries.c.event_id < bindparam("end"),
                ~IS_WAITING,
            )
            .order_by(deliveries.c.event_id)
            .limit(SOME)
        ),
    )
)
_OLDEST_ATTEMPTS = (
    select(integration_events.c.id, integration_events.c.created_at)
    .where(
        integration_events.c.integration_id == bindparam("integration"),
        integration_events.c.id < bindparam("newest"),
    )
    .order_by(integration_events.c.id)
    .limit(SOME)
    .subquery()
)
"""Ids follow time, but for moments: where none of these is old, none is, and no more of them are looked at."""
_CLEAR_ATTEMPTS = Write[Any](
    delete(integration_events).where(
        integration_events.c.id.in_(
            select(_OLDEST_ATTEMPTS.c.id).where(_OLDEST_ATTEMPTS.c.created_at < bindparam("end"))
        )
    )
)
_NEWEST_ATTEMPT = Query(
    select(func.max(integration_events.c.id)).where(integration_events.c.integration_id == bindparam("integration")),
    lambda number: number,
)
_FORGET_DELIVERIES = Write[Any](
    delete(deliveries).where(
        deliveries.c.integration_id == bindparam("integration"),
        deliveries.c.event_id.in_(
            select(deliveries.c.event_id)
            .where(deliveries.c.integration_id == bindparam("integration"))
            .order_by(deliveries.c.event_id)
            .limit(SOME)
        ),
    )
)
_FORGET_ATTEMPTS = Write[Any](
    delete(integration_events).where(
        integration_events.c.id.in_(
            select(integration_events.c.id)
            .where(integration_events.c.integration_id == bindparam("integration"))
            .order_by(integration_events.c.id)
            .limit(SOME)
        )
    )
)


def waiting_since(tx: Transaction, integration_id: int, since: Millis) -> list[Delivery]:
    """Some that have waited since before `since`, without their events."""
    return tx.all(_WAITING_SINCE, integration=integration_id, since=since)


def clear_finished(tx: Transaction, integration_id: int, end: int) -> int:
    """Removes some finished deliveries of events older than the event `end`. How many."""
    return tx.write(_CLEAR_FINISHED, integration=integration_id, end=end)


def clear_attempts(tx: Transaction, integration_id: int, end: Millis) -> int:
    """Removes some attempts made before `end`; the newest one stays. How many."""
    newest = tx.first(_NEWEST_ATTEMPT, integration=integration_id)
    if newest is None:
        return 0
    return tx.write(_CLEAR_ATTEMPTS, integration=integration_id, end=end, newest=newest)


def forget(tx: Transaction, integration_id: int) -> int:
    """Removes some of what there is of an integration that was deleted. How many rows."""
    return tx.write(_FORGET_DELIVERIES, integration=integration_id) + tx.write(
        _FORGET_ATTEMPTS, integration=integration_id
    )
