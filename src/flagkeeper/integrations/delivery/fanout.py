"""The fan-out: writes down, for every event, which integrations want it. The log is the outbox, and this reads it."""

from collections.abc import Callable, Sequence

import msgspec

from flagkeeper.eventlog.catalogue import Concern, types_for
from flagkeeper.eventlog.follow import Wants
from flagkeeper.eventlog.notifier import notify
from flagkeeper.eventlog.read import LogEvent
from flagkeeper.integrations.config.model import Integration
from flagkeeper.integrations.config.queries import all_integrations
from flagkeeper.integrations.delivery import store as delivery_store
from flagkeeper.integrations.delivery.model import subject_of
from flagkeeper.integrations.delivery.store import NewDelivery
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.storage.transaction import Transaction

FANOUT = "integrations"
"""The name under which the log keeps how far the fan-out has come."""
CHANNEL = "flagkeeper_deliveries"
"""Where PostgreSQL tells other processes that there are new deliveries, and from which fan-out."""
INTEGRATION_TYPES = types_for(Concern.INTEGRATIONS)


class _Payload(msgspec.Struct):
    enabled: bool = False


_read = msgspec.json.Decoder(_Payload).decode


class Fanout:
    """A durable follower. Which integrations there are is read in the transaction that writes the deliveries: a change
    takes effect at once.

    Args:
        tell: called after the commit of new deliveries.
    """

    name = FANOUT
    wants = Wants()

    def __init__(self, tell: Callable[[], None] = lambda: None) -> None:
        self._tell = tell
        self._enabled: list[Integration] | None = None
        """Those of the last step: what none of them wants, no matter the query, is not urgent."""
        self._types: frozenset[str] = frozenset()
        """The types that any of these wants."""
        self._origin = new_ulid()

    def is_own(self, message: str) -> bool:
        """Whether a message of the channel came from here."""
        return message == self._origin

    def is_urgent(self, event: LogEvent) -> bool:
        if self._enabled is None or event.type in INTEGRATION_TYPES:
            return True
        if event.type not in self._types:
            return False
        return any(each.wants(event.type, event.project, event.environment) for each in self._enabled)

    def remember(self, found: Sequence[Integration]) -> list[Integration]:
        """Which integrations there are now. Returns those that are switched on."""
        self._enabled = [each for each in found if each.enabled]
        self._types = frozenset(kind for each in self._enabled for kind in each.events)
        return self._enabled

    def handle(self, tx: Transaction, batch: Sequence[LogEvent]) -> Callable[[], None] | None:
        integrations = self.remember(all_integrations(tx))
        since = _switched_on(batch) if integrations else {}
        wanted = [
            NewDelivery(integration.id, event.id, subject_of(event), event.created_at)
            for event in batch
            for integration in integrations
            if event.id >= since.get(f"integration/{integration.id}", 0)
            and integration.wants(event.type, event.project, event.environment)
            and integration.finds(event)
        ]
        if not wanted:
            return None
        delivery_store.add(tx, wanted)
        notify(tx, CHANNEL, self._origin)
        return self._tell


def _switched_on(batch: Sequence[LogEvent]) -> dict[str, int]:
    """The events of the batch that made integrations or switched them on, by subject. Those before them, which wait up
    to a second for their turn, are none of their business."""
    return {
        event.subject: event.id
        for event in batch
        if event.type in INTEGRATION_TYPES
        and event.data is not None
        and _read(event.data).enabled
        and not (event.pre_data is not None and _read(event.pre_data).enabled)
    }
