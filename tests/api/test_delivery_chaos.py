"""Deliveries while receivers misbehave and the server is killed: nothing is lost, order is kept. Short form; the long
one is in `tests/torture`."""

from pathlib import Path

import pytest

from tests.delivery_storm import DeliveryStorm


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_thousand_events_and_three_kills(database_url: str, tmp_path: Path) -> None:
    with DeliveryStorm(database_url, tmp_path, seed=1) as storm:
        storm.rage(2_000, kills=3)
        assert storm.check() >= 2_000
        storm.replay()
        storm.check_replayed()
        storm.stop()
