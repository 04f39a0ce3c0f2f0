"""What attempts came to is recorded once, and one that cannot be recorded keeps no other from it."""

from collections.abc import Sequence
from typing import Any

import pytest

from flagkeeper.eventlog.unit import Unit
from flagkeeper.integrations.sender import recorder as recorder_module
from flagkeeper.integrations.sender.recorder import ENOUGH, LARGEST, Recorder
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage import sequences
from tests.deliveries import until
from tests.log import Log


class Recorded:
    """A recorder whose attempts are names. Each is counted in the database: once, if all is well."""

    def __init__(self, log: Log, *, bad: Sequence[str] = (), outages: int = 0) -> None:
        self.after: list[Any] = []
        """The attempts that were said to be recorded."""
        self.sizes: list[int] = []
        """Of the batches that were recorded."""
        self._log = log
        self._bad = set(bad)
        self._outages = outages
        self._recorder = Recorder(log.units, self._record, self.after.append, log.supervisor)

    async def run(self, attempts: Sequence[Any]) -> None:
        """All attempts at once."""
        self._recorder.start()
        for each in attempts:
            self._recorder.add(each)
        await self._recorder.stop(20)

    def counted(self, attempts: Sequence[Any]) -> list[int]:
        return [self._log.run(lambda unit, name: sequences.next_id(unit.tx, name), each) - 1 for each in attempts]

    def _record(self, unit: Unit, batch: Sequence[Any]) -> None:
        if self._outages:
            self._outages -= 1
            raise Unavailable("away")
        for each in batch:
            sequences.next_id(unit.tx, each)
        if self._bad.intersection(batch):
            raise ValueError("cannot be recorded")
        self.sizes.append(len(batch))


def named(number: int) -> list[str]:
    return [f"attempt {each}" for each in range(number)]


@pytest.mark.parametrize("number", [1, 2, 3, 10])
@pytest.mark.parametrize("bad", [0, -1])
async def test_one_that_cannot_be_recorded_harms_no_other(log: Log, number: int, bad: int) -> None:
    attempts = named(number)
    recorded = Recorded(log, bad=[attempts[bad]])
    await recorded.run(attempts)
    good = [each for each in attempts if each != attempts[bad]]
    assert recorded.after == good
    assert recorded.counted(good) == [1] * len(good)
    assert recorded.counted([attempts[bad]]) == [0]


async def test_many_are_recorded_in_some_transactions(log: Log) -> None:
    attempts = named(2 * LARGEST + 1)
    recorded = Recorded(log)
    await recorded.run(attempts)
    assert recorded.sizes == [LARGEST, LARGEST, 1]
    assert recorded.after == attempts
    assert set(recorded.counted(attempts)) == {1}


async def test_what_the_database_could_not_take_is_recorded_later(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "PAUSE", 0.0)
    attempts = named(5)
    recorded = Recorded(log, outages=3)
    await recorded.run(attempts)
    assert recorded.after == attempts
    assert recorded.counted(attempts) == [1] * 5


async def test_nobody_waits_for_others_when_there_are_enough(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "LINGER", 3_600)
    after: list[Any] = []
    recorder = Recorder(log.units, lambda _unit, _batch: None, after.append, log.supervisor)
    recorder.start()
    for start in (0, ENOUGH):
        for number in range(start, start + ENOUGH):
            recorder.add(f"attempt {number}")  # type: ignore[arg-type]  # what it is makes no difference here
        await until(lambda start=start: len(after) == start + ENOUGH)  # type: ignore[misc]  # bound now, not later
    await recorder.stop(20)
