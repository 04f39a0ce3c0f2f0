"""The long form of `tests/api/test_delivery_chaos.py`."""

from pathlib import Path

from tests.delivery_storm import DeliveryStorm


def test_a_hundred_thousand_events(database_url: str, tmp_path: Path) -> None:
    with DeliveryStorm(database_url, tmp_path, seed=7) as storm:
        storm.rage(100_000, kills=20)
        events = storm.check()
        storm.replay()
        storm.check_replayed()
        storm.stop()
        requests = {name: len(receiver.seen) for name, receiver in storm.receivers.items()}
        print(f"{events} events for each of two integrations, {requests} requests, {len(storm.kills)} kills")
