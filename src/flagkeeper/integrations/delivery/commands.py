"""Changing deliveries: what attempts came to, replays, and giving up."""

from collections.abc import Sequence
from contextlib import suppress

from flagkeeper.eventlog.read import LogRows
from flagkeeper.eventlog.unit import Unit
from flagkeeper.integrations.config import commands as config_commands
from flagkeeper.integrations.delivery import store as delivery_store
from flagkeeper.integrations.delivery.model import Attempt, expired
from flagkeeper.integrations.delivery.queries import ReplayFilter, matching
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import NotFound


def record_attempts(unit: Unit, attempts: Sequence[Attempt]) -> None:
    """Records what attempts came to, and switches off the integrations whose receivers are gone for good."""
    delivery_store.record(unit.tx, attempts)
    for integration_id in sorted({each.delivery.integration_id for each in attempts if each.disable}):
        with suppress(NotFound):
            config_commands.disable(unit, integration_id)


def replay(unit: Unit, integration_id: int, event_id: int) -> None:
    """Sends a delivery once more, whatever became of it. Raises `NotFound`."""
    if not delivery_store.replay(unit.tx, integration_id, [event_id], unit.now):
        raise NotFound(f"There is no delivery of event {event_id} to integration {integration_id}.")


def replay_some(
    unit: Unit, rows: LogRows, integration_id: int, wanted: ReplayFilter, after: int, last: int
) -> tuple[int, int]:
    """Sends some matching deliveries once more. Returns the last event that was dealt with, and how many there were."""
    found, reached = matching(unit.tx, rows, integration_id, wanted, after, last)
    delivery_store.replay(unit.tx, integration_id, found, unit.now)
    return reached, len(found)


def give_up(unit: Unit, integration_id: int, since: Millis) -> int:
    """Gives up some deliveries that have waited since before `since`. How many."""
    found = delivery_store.waiting_since(unit.tx, integration_id, since)
    delivery_store.record(unit.tx, [expired(each, unit.now) for each in found])
    return len(found)


def clear_finished(unit: Unit, integration_id: int, end: int) -> int:
    """Removes some finished deliveries of events older than the event `end`. How many."""
    return delivery_store.clear_finished(unit.tx, integration_id, end)


def clear_attempts(unit: Unit, integration_id: int, end: Millis) -> int:
    """Removes some attempts made before `end`; the newest one stays. How many."""
    return delivery_store.clear_attempts(unit.tx, integration_id, end)


def forget(unit: Unit, integration_id: int) -> int:
    """Removes some of what is left of an integration that was deleted. How many rows."""
    return delivery_store.forget(unit.tx, integration_id)
