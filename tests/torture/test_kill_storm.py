"""The long form of `tests/api/test_kill_storm.py`."""

from pathlib import Path

import pytest

from tests.storm import Storm


@pytest.mark.parametrize("seed", range(10))
def test_twenty_kills_lose_nothing(database_url: str, tmp_path: Path, seed: int) -> None:
    """Ten times twenty on each database: 200 kills each."""
    storm = Storm(database_url, tmp_path, seed)
    storm.rage(20)
    events = storm.check()
    print(f"{events} events, {len(storm.acknowledged)} acknowledged changes, 20 kills")
