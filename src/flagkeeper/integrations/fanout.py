"""The fan-out: writes down, for every event, which integrations want it. The log is the outbox, and this reads it."""

from collections.abc import Sequence

from flagkeeper.eventlog.follow import LogEvent, Wants
from flagkeeper.integrations import delivery_store
from flagkeeper.integrations.config_queries import all_integrations
from flagkeeper.integrations.delivery_model import subject_of
from flagkeeper.integrations.delivery_store import NewDelivery
from flagkeeper.storage.transaction import Transaction

FANOUT = "integrations"
"""The name under which the log keeps how far the fan-out has come."""


class Fanout:
    """A durable follower. Which integrations there are is read in the transaction that writes the deliveries: a change
    takes effect at once."""

    name = FANOUT
    wants = Wants()

    def handle(self, tx: Transaction, batch: Sequence[LogEvent]) -> None:
        integrations = [each for each in all_integrations(tx) if each.enabled]
        wanted = [
            NewDelivery(integration.id, event.id, subject_of(event), event.created_at)
            for event in batch
            for integration in integrations
            if integration.wants(event.type, event.project, event.environment) and integration.finds(event)
        ]
        delivery_store.add(tx, wanted)
