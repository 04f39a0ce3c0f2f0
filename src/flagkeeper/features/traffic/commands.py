"""Writing what was counted of requests."""

from collections.abc import Sequence

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.traffic import store
from flagkeeper.features.traffic.model import DAYS_KEPT, RATES_KEPT, STEP, Counted, by_day, by_step
from flagkeeper.kernel import clock


def add(unit: Unit, counts: Sequence[tuple[Counted, int]]) -> None:
    given = dict(counts)
    store.add(unit.tx, by_day(given), by_step(given))


def forget_old(unit: Unit) -> None:
    """Deletes what is older than it is kept."""
    store.forget(unit.tx, days_before=unit.now // clock.DAY - DAYS_KEPT, steps_before=unit.now - RATES_KEPT - 2 * STEP)
