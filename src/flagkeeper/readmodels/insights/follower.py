"""Adds up what the log says of projects, week by week, wherever the lease of this follower is."""

from collections.abc import Sequence

from flagkeeper.eventlog.follow import Wants
from flagkeeper.eventlog.read import LogEvent
from flagkeeper.readmodels.insights import store
from flagkeeper.readmodels.insights.model import added
from flagkeeper.storage.transaction import Transaction


class ProjectWeeks:
    """It begins at the start of the log, so a server that is older than insights has them of all its time."""

    name = "project-weeks"
    wants = Wants()

    def is_urgent(self, event: LogEvent) -> bool:  # noqa: ARG002 - insights may be a second late
        return False

    def handle(self, tx: Transaction, batch: Sequence[LogEvent]) -> None:
        store.add(tx, added(batch))
