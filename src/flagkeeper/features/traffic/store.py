"""Adding traffic to what is stored. Private to this slice."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, bindparam, delete
from sqlalchemy.dialects.postgresql import Insert, insert

from flagkeeper.features.traffic.model import Day, DayCount, Rate
from flagkeeper.features.traffic.tables import traffic_days, traffic_steps
from flagkeeper.kernel import clock
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction


def _add(table: Table, *numbers: str) -> Insert:
    new = insert(table)
    return new.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: table.c[name] + new.excluded[name] for name in numbers},
    )


_ADD_DAY = Write[Any](_add(traffic_days, "requests", "polls"))
_ADD_STEP = Write[Any](_add(traffic_steps, "requests"))
_OLD_DAYS = Write[Any](delete(traffic_days).where(traffic_days.c.day < bindparam("before")))
_OLD_STEPS = Write[Any](delete(traffic_steps).where(traffic_steps.c.step < bindparam("before")))


def add(tx: Transaction, days: Mapping[Day, DayCount], steps: Mapping[Rate, int]) -> None:
    """Rows are written in the order of their keys, so that processes never wait for each other in a circle."""
    tx.write_many(_ADD_DAY, [{**day._asdict(), **count._asdict()} for day, count in sorted(days.items())])
    tx.write_many(_ADD_STEP, [{**rate._asdict(), "requests": number} for rate, number in sorted(steps.items())])


def forget(tx: Transaction, *, days_before: int, steps_before: clock.Millis) -> None:
    tx.write(_OLD_DAYS, before=days_before)
    tx.write(_OLD_STEPS, before=steps_before)
