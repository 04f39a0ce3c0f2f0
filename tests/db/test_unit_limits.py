"""How much one unit may record: exactly so much, on either way of counting, and nothing of what is more."""

import pytest

from flagkeeper.eventlog.catalogue.feature import FeatureEnvironmentEnabled
from flagkeeper.eventlog.unit import LARGEST_UNIT, Unit
from flagkeeper.kernel.errors import LimitExceeded
from tests.log import Log


def record(unit: Unit, count: int) -> int:
    for number in range(count):
        unit.record(FeatureEnvironmentEnabled(feature_name=f"f{number}", project="p", environment="e"))
    return count


@pytest.mark.parametrize("count", [1, LARGEST_UNIT - 1, LARGEST_UNIT])
def test_as_many_as_are_allowed(log: Log, count: int) -> None:
    assert LARGEST_UNIT == 500
    assert log.run(record, count) == count
    assert log.count() == count


def test_one_more_is_refused_and_leaves_nothing(log: Log) -> None:
    log.run(record, 1)
    with pytest.raises(LimitExceeded, match="more than 500 events"):
        log.run(record, LARGEST_UNIT + 1)
    assert log.count() == 1
    assert log.run(record, LARGEST_UNIT) == LARGEST_UNIT
