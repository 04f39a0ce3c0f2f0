"""The server is killed under load: nothing acknowledged is lost, and state and log agree. Short form; the long one is
in `tests/torture`."""

from pathlib import Path

import pytest

from tests.storm import Storm


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ten_kills_lose_nothing(database_url: str, tmp_path: Path) -> None:
    storm = Storm(database_url, tmp_path, seed=1)
    storm.rage(10)
    assert storm.check() > len(storm.acknowledged) > 100
