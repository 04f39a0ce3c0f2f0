"""The long form of `tests/db/test_archive_kills.py`."""

from pathlib import Path

import pytest

from tests.archive_storm import ArchiveStorm


@pytest.mark.timeout(3_600)
def test_twenty_kills_lose_nothing(database_url: str, tmp_path: Path) -> None:
    storm = ArchiveStorm(database_url, tmp_path, seed=7)
    storm.rage(events=100_000, kills=20)
    print(f"100000 events, {storm.kills} kills; the slowest write took {storm.slowest * 1000:.0f} ms")
