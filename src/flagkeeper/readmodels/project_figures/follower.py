"""Adds up what the log says of projects, wherever the lease of this follower is."""

from collections.abc import Sequence

from flagkeeper.eventlog.follow import Wants
from flagkeeper.eventlog.read import LogEvent
from flagkeeper.readmodels.project_figures import store
from flagkeeper.readmodels.project_figures.model import added
from flagkeeper.storage.transaction import Transaction


class ProjectFigures:
    """Every event of a project counts, so it wants all of them."""

    name = "project-figures"
    wants = Wants()

    def is_urgent(self, event: LogEvent) -> bool:  # noqa: ARG002 - figures may be a second late
        return False

    def handle(self, tx: Transaction, batch: Sequence[LogEvent]) -> None:
        store.add(tx, added(batch))
