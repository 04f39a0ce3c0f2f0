"""Writing what edges report."""

from collections.abc import Sequence

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.edge_instances import store
from flagkeeper.features.edge_instances.model import KEPT, EdgeInstance


def save(unit: Unit, instances: Sequence[EdgeInstance]) -> None:
    """Keeps the newest report of each; nothing is kept of edges beyond the most that there may be."""
    store.save(unit.tx, instances, unit.now)
    store.keep_newest(unit.tx)


def forget_old(unit: Unit) -> None:
    """Forgets edges that were not heard of for long."""
    store.forget(unit.tx, unit.now - KEPT)
