"""The long form of `tests/api/test_replicas_storm.py`."""

import tempfile
from pathlib import Path

import pytest

from tests.databases import Run
from tests.replicas_storm import LONG, ReplicasStorm


@pytest.mark.parametrize("seed", [1, 2])
def test_three_servers_come_through_a_storm(run: Run, seed: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="storm-", dir=run.folder))
    with ReplicasStorm(folder, seed, LONG, durable=True) as storm:
        storm.rage()
        faults = storm.check()
    assert not faults, "\n".join(faults)
