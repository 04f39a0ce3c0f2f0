"""The clock of a process: it follows the database's, and does not follow a jump."""

import time

import pytest

from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import DAY, LEAP, SECOND, Clock


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The clock that never jumps, moved by hand."""
    moment = [5_000]
    monkeypatch.setattr(time, "clock_gettime_ns", lambda _: moment[0] * 1_000_000)
    return moment


def test_counts_from_what_it_was_told(steady: list[int]) -> None:
    counted = Clock(1_000_000)
    steady[0] += 250
    assert counted.now() == 1_000_250


def test_the_first_that_it_hears_of_another_clock_is_believed(steady: list[int]) -> None:
    counted = Clock(1_000_000 + DAY)
    assert counted.follow(1_000_000) == 1_000_000
    steady[0] += SECOND
    assert counted.now() == 1_000_000 + SECOND
    assert counted.jump == 0


@pytest.mark.parametrize("away", [LEAP, -LEAP, 1, 0])
def test_small_corrections_are_followed(steady: list[int], away: int) -> None:
    counted = Clock(0)
    counted.follow(10 * DAY)
    steady[0] += SECOND
    assert counted.follow(10 * DAY + SECOND + away) == 10 * DAY + SECOND + away
    assert counted.now() == 10 * DAY + SECOND + away


@pytest.mark.parametrize("away", [DAY, -DAY, LEAP + 1, -LEAP - 1])
def test_a_jump_is_not_followed_and_told(steady: list[int], away: int) -> None:
    counted = Clock(0)
    counted.follow(10 * DAY)
    steady[0] += SECOND
    assert counted.follow(10 * DAY + SECOND + away) == 10 * DAY + SECOND
    assert counted.jump == away
    steady[0] += SECOND
    assert counted.now() == 10 * DAY + 2 * SECOND

    assert counted.follow(10 * DAY + 2 * SECOND) == 10 * DAY + 2 * SECOND
    assert counted.jump == 0, "it came back"


def test_time_goes_on_while_nobody_tells_it() -> None:
    before = clock.now()
    deadline = time.monotonic() + 10
    while clock.now() == before and time.monotonic() < deadline:
        pass
    assert before < clock.now() < before + 10 * SECOND
