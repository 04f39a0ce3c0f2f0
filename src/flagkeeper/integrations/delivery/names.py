"""Names of people in what is kept of deliveries."""

from typing import Any

from sqlalchemy import bindparam, func, select, update

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.durable import position_of
from flagkeeper.eventlog.unit import Unit
from flagkeeper.integrations.delivery.fanout import FANOUT
from flagkeeper.integrations.delivery.store import SOME
from flagkeeper.integrations.delivery.tables import IS_WAITING, deliveries, integration_events
from flagkeeper.storage.statement import Query, Write, columns
from flagkeeper.storage.transaction import Transaction

_SOME_ATTEMPTS = Query(
    select(integration_events.c.id, integration_events.c.state_details, integration_events.c.details)
    .where(integration_events.c.id > bindparam("after"))
    .order_by(integration_events.c.id)
    .limit(SOME),
    columns,
)
_REWRITE = Write[Any](
    update(integration_events)
    .where(integration_events.c.id == bindparam("attempt"))
    .values(state_details=bindparam("new_state_details"), details=bindparam("new_details"))
)
_OLDEST_WAITING = Query(select(func.min(deliveries.c.event_id)).where(IS_WAITING), lambda event_id: event_id)


def forget_in_attempts(unit: Unit, replacement: Replacement, position: int) -> int | None:
    """Puts the pseudonym in the place of a person's names in what some attempts sent and heard
    (`eventlog.archive.pseudonymiser.Elsewhere`)."""
    found = unit.tx.all(_SOME_ATTEMPTS, after=position)
    changed = []
    for number, state_details, details in found:
        new_state_details, new_details = replacement.text(state_details), replacement.json(details)
        if (new_state_details, new_details) != (state_details, details):
            changed.append({"attempt": number, "new_state_details": new_state_details, "new_details": new_details})
    unit.tx.write_many(_REWRITE, changed)
    return int(found[-1][0]) if found else None


def first_needed(tx: Transaction) -> int:
    """The oldest event that the fan-out or a delivery still needs (`eventlog.archive.archiver.Needs`)."""
    following = position_of(tx, FANOUT) + 1
    oldest = tx.first(_OLDEST_WAITING)
    return following if oldest is None else min(following, oldest)
