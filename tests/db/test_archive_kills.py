"""Archiving is killed while others write: nothing is lost, doubled or changed. Short form; the long one is in
`tests/torture`."""

from pathlib import Path

import pytest

from tests.archive_storm import ArchiveStorm

pytestmark = pytest.mark.slow


@pytest.mark.timeout(300)
def test_three_kills_lose_nothing(database_url: str, tmp_path: Path) -> None:
    storm = ArchiveStorm(database_url, tmp_path, seed=1)
    storm.rage(events=3_000, kills=3)
    assert storm.kills > 0
