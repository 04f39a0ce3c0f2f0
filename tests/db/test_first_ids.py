"""Dates as ids: what is remembered of them stays true when events come, and when another log takes the place."""

from typing import Any

import pytest
from sqlalchemy import update

from flagkeeper.eventlog.catalogue.feature import FeatureEnvironmentEnabled
from flagkeeper.eventlog.read import LogRows, log_position
from flagkeeper.eventlog.tables import log_head
from flagkeeper.eventlog.unit import Unit
from flagkeeper.kernel import clock
from flagkeeper.storage.statement import Write
from tests.archive import SET_TIME
from tests.databases import Run, fresh_sqlite
from tests.log import Log

NOON = clock.from_iso("2026-11-22T12:00:00Z")
HOURS = [NOON + hours * clock.HOUR for hours in range(5)]


def record(unit: Unit, count: int) -> None:
    for number in range(count):
        unit.record(FeatureEnvironmentEnabled(feature_name=f"f{number}", project="default", environment="development"))


def move(log: Log, *moments: clock.Millis) -> None:
    """Gives the newest events these times."""
    first = log.count() - len(moments) + 1
    rows = [{"event": first + number, "moment": moment} for number, moment in enumerate(moments)]
    log.run(lambda unit: unit.tx.write_many(SET_TIME, rows))


def happen(log: Log, *moments: clock.Millis) -> None:
    """An event at each of these times."""
    log.run(record, len(moments))
    move(log, *moments)


def test_an_hour_without_events_is_asked_for_again(log: Log) -> None:
    rows = LogRows()
    assert log.read(rows.first_ids, HOURS) == [None] * 5
    happen(log, HOURS[1] + 1)
    assert log.read(rows.first_ids, HOURS) == [1, 1, None, None, None]
    happen(log, HOURS[3], HOURS[3] + 5)
    assert log.read(rows.first_ids, HOURS) == [1, 1, 2, 2, None]
    assert log.read(rows.first_ids, [HOURS[3] + 1, HOURS[3]]) == [3, 2]


@pytest.mark.parametrize("told", [True, False], ids=["told the head", "not told"])
def test_what_was_true_of_another_log_is_forgotten(log: Log, told: bool) -> None:
    rows = LogRows()

    def asked() -> list[int | None]:
        found: list[int | None] = log.read(lambda tx: rows.first_ids(tx, HOURS, log_position(tx) if told else None))
        return found

    happen(log, *HOURS[:3])
    assert asked() == [1, 2, 3, None, None]
    restored = Write[Any](update(log_head).where(log_head.c.id == 1).values(epoch="restored"))
    log.run(lambda unit: unit.tx.write(restored))
    move(log, HOURS[0], HOURS[2], HOURS[4])
    assert asked() == [1, 2, 2, 3, 3]


def test_two_logs_asked_in_turn_are_not_taken_for_one(log: Log, run: Run, tmp_path: Any) -> None:
    rows = LogRows()
    with fresh_sqlite(run, tmp_path) as url:
        other = Log(url)
        other.run(lambda unit: unit.tx.write(Write[Any](update(log_head).values(epoch="other"))))
        happen(log, HOURS[0], HOURS[1])
        happen(other, HOURS[0], HOURS[0] + 1, HOURS[1])
        for _ in range(2):
            assert log.read(rows.first_ids, HOURS[:2]) == [1, 2]
            assert other.read(rows.first_ids, HOURS[:2]) == [1, 3]
        other.close()
