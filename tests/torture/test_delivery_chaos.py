"""The long form of `tests/api/test_delivery_chaos.py`."""

import time
from pathlib import Path

from tests.delivery_storm import DeliveryStorm


def test_a_hundred_thousand_events(database_url: str, tmp_path: Path) -> None:
    began = time.monotonic()
    with DeliveryStorm(database_url, tmp_path, seed=7) as storm:
        storm.rage(100_000, kills=20)
        events = storm.check()
        storm.replay()
        storm.check_replayed()
        storm.stop()
        requests = sum(len(receiver.seen) for receiver in storm.receivers.values())
        minutes = (time.monotonic() - began) / 60
        print(
            f"{events} events for each of two integrations, {len(storm.kills)} kills: {requests} requests,"
            f" {storm.repeated} of them acknowledged before, {storm.given_up} dead letters; {minutes:.1f} minutes"
        )
