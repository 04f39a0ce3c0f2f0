"""Nobody waits for the look for garbage, nor for long work on a thread."""

import gc
import time
from collections.abc import Iterator

import msgspec
import pytest

from flagkeeper.features.transfer.model.document import items, read_document
from flagkeeper.kernel import garbage
from flagkeeper.kernel.rests import LONGEST, WORK, Rests
from tests.moves import many_flags


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    gc.enable()


def test_what_is_there_at_the_start_is_never_looked_at_again() -> None:
    garbage.before_start()
    assert not gc.isenabled()
    garbage.after_start()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 1_000
    assert gc.get_threshold() == (700, 10, garbage.OLD_AFTER)


def test_nothing_is_looked_for_meanwhile() -> None:
    one, other = garbage.unlooked(), garbage.unlooked()
    with one:
        with other:
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_who_worked_rests_as_long_but_not_for_long() -> None:
    rest = Rests()
    for work, least in ((2 * WORK, 2 * WORK), (3 * LONGEST, LONGEST)):
        until = time.monotonic() + work
        while time.monotonic() < until:
            pass
        began = time.monotonic()
        rest()
        assert time.monotonic() - began >= least


def test_reading_a_state_rests_for_each_thing() -> None:
    rested: list[int] = []
    state = many_flags(20)
    document = read_document(msgspec.json.encode(state), lambda: rested.append(1))
    assert len(items(document.features)) == 20
    assert len(rested) == sum(len(section) for name, section in state.items() if name != "version")
