"""Durable followers may die at any moment: nothing is lost, nothing is done twice, and one of many processes works."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from flagkeeper.eventlog.catalogue.application import ApplicationCreated, ApplicationData
from flagkeeper.eventlog.durable import DurableRunner, position_of
from flagkeeper.eventlog.follow import LogEvent, MemoryRunner, Wants
from flagkeeper.eventlog.read import Epoch
from flagkeeper.eventlog.tables import log_quarantine
from flagkeeper.eventlog.unit import Unit
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction
from tests.followers import copier
from tests.log import Log

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
_QUARANTINED = Query(select(log_quarantine.c.follower, log_quarantine.c.event_id, log_quarantine.c.error), columns)


def record(unit: Unit, number: int) -> None:
    for i in range(number):
        data = ApplicationData(
            app_name=f"app-{i}",
            created_at="",
            updated_at="",
            last_seen=None,
            description=None,
            strategies=[],
            created_by=None,
            url=None,
            color=None,
            icon=None,
            announced=True,
            projects=[],
            environment=None,
        )
        unit.record(ApplicationCreated(data=data))


def eventually(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


@contextmanager
def process(url: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs a copier, and kills it in the end."""
    running = subprocess.Popen(
        [sys.executable, copier.__file__, url, *arguments],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        running.kill()
        running.wait()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Failures are the subject here; printing their tracebacks takes a second each."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def copied(log: Log) -> Callable[[], list[tuple[int, str, int]]]:
    copier.make_table(log.database)
    return lambda: log.read(copier.copied)


def test_killed_before_a_commit_it_starts_that_batch_again(
    log: Log, database_url: str, copied: Callable[[], list[tuple[int, str, int]]]
) -> None:
    log.run(record, 40)
    with process(database_url, "first", "3") as running:
        assert running.wait(30) == -signal.SIGKILL
    done = [event for event, _, _ in copied()]
    assert done == list(range(1, 2 * copier.SMALL_BATCH + 1))
    with process(database_url, "second"):
        eventually(lambda: len(copied()) >= 40)
    assert [event for event, _, _ in copied()] == list(range(1, 41))
    assert log.read(position_of, "copier") == 40


def test_killed_at_any_moment_it_copies_every_event_once(
    log: Log, database_url: str, copied: Callable[[], list[tuple[int, str, int]]]
) -> None:
    moments = random.Random(7)
    for _ in range(3):
        before = len(copied())
        with process(database_url, "copier") as running:
            for _ in range(10):
                log.run(record, moments.randrange(1, 40))
            eventually(lambda before=before: len(copied()) > before)  # type: ignore[misc]  # bound now, not later
            time.sleep(moments.random() / 10)
            running.send_signal(signal.SIGKILL)
    with process(database_url, "copier"):
        eventually(lambda: len(copied()) >= log.count())
    assert [event for event, _, _ in copied()] == list(range(1, log.count() + 1))


@pytest.mark.postgres
def test_one_process_works_and_the_other_takes_over_when_it_is_killed(postgresql_url: str) -> None:
    log = Log(postgresql_url)
    copier.make_table(log.database)
    with process(postgresql_url, "one") as one, process(postgresql_url, "two") as two:
        for _ in range(20):
            log.run(record, 5)
            time.sleep(0.05)
        eventually(lambda: len(log.read(copier.copied)) == 100)
        (working,) = {by for _, by, _ in log.read(copier.copied)}
        (one if working == "one" else two).kill()
        log.run(record, 5)
        eventually(lambda: len(log.read(copier.copied)) == 105)
    found = log.read(copier.copied)
    assert [event for event, _, _ in found] == list(range(1, 106))
    assert [by for _, by, _ in found[100:]] == ["two" if working == "one" else "one"] * 5
    log.close()


class Choosy:
    """Handles everything but certain events."""

    name = "choosy"

    def __init__(self, *bad: int, wants: Wants | None = None) -> None:
        self.wants = wants or Wants(types=frozenset({"application-created"}))
        self._bad = set(bad)
        self.handled: list[int] = []
        self.attempts: list[int] = []

    def handle(self, tx: Transaction, batch: Sequence[LogEvent]) -> None:
        self.attempts.extend(event.id for event in batch)
        if found := self._bad.intersection(event.id for event in batch):
            raise ValueError(f"cannot handle {min(found)}")
        self.handled.extend(event.id for event in batch)


async def test_a_bell_that_is_ahead_of_the_log_does_not_make_them_run_in_circles(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an older backup was put in its place, ids start below what the bell has told."""
    log.run(record, 3)
    log.bell.attach(asyncio.get_running_loop())
    log.bell.ring(1_000)
    reads, read = 0, log.reader.run

    async def counted(*args: Any) -> Any:
        nonlocal reads
        reads += 1
        return await read(*args)

    monkeypatch.setattr(log.reader, "run", counted)
    runners = DurableRunner(Choosy(), log.units, log.reader, log.bell), MemoryRunner(Idle(), log.reader, log.bell)
    for runner in runners:
        await runner.start()
    await asyncio.sleep(1)
    for runner in runners:
        await runner.stop()
    assert 4 <= reads < 40


class Idle:
    """Keeps nothing in memory."""

    name = "idle"
    wants = Wants()

    def load(self, tx: Transaction, position: Epoch) -> None: ...

    def apply(self, tx: Transaction, batch: Sequence[LogEvent], position: Epoch) -> None: ...


async def test_stopping_ends_a_follower_also_when_the_bell_rings_at_that_moment(log: Log) -> None:
    log.bell.attach(asyncio.get_running_loop())
    for turns in range(8):
        memory = MemoryRunner(Idle(), log.reader, log.bell)
        await memory.start()
        await asyncio.sleep(0.01)
        log.bell.ring(0)
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await memory.stop()


async def followed(log: Log, follower: Any, until: int) -> None:
    """Runs a follower until it has come that far."""
    log.bell.attach(asyncio.get_running_loop())
    runner = DurableRunner(follower, log.units, log.reader, log.bell)
    await runner.start()
    async with asyncio.timeout(60):
        while log.read(position_of, follower.name) < until:
            await asyncio.sleep(0.02)
    await runner.stop()


@pytest.mark.causes("flagkeeper-event-quarantined", action="a follower fails five times on one event")
async def test_what_five_attempts_cannot_handle_is_quarantined_and_the_rest_goes_on(log: Log) -> None:
    log.run(record, 30)
    follower = Choosy(7, 8, 23)
    await followed(log, follower, until=30)
    assert follower.handled == [each for each in range(1, 31) if each not in (7, 8, 23)]
    assert all(follower.attempts.count(bad) >= 5 for bad in (7, 8, 23))
    quarantined = log.reader.now(lambda tx: tx.all(_QUARANTINED))
    assert [(name, event) for name, event, _ in quarantined] == [("choosy", 7), ("choosy", 8), ("choosy", 23)]
    assert quarantined[0][2] == "ValueError: cannot handle 7"
    told = log.events("type:flagkeeper-event-quarantined", limit=10)
    assert [(each.created_by, each.created_by_user_id) for each in told] == [("unleash_system_user", -1337)] * 3


async def test_a_follower_of_everything_also_sees_what_was_quarantined(log: Log) -> None:
    log.run(record, 5)
    follower = Choosy(3, wants=Wants())
    await followed(log, follower, until=6)
    assert follower.handled == [1, 2, 4, 5, 6]


async def test_a_trouble_that_passes_loses_nothing(log: Log) -> None:
    log.run(record, 10)
    follower = Choosy(4)
    log.bell.attach(asyncio.get_running_loop())
    runner = DurableRunner(follower, log.units, log.reader, log.bell)
    with pytest.raises(ValueError, match="cannot handle 4"):
        await runner.step()
    follower._bad.clear()
    while (await runner.step())[0]:
        pass
    assert follower.handled == list(range(1, 11))
    assert log.reader.now(lambda tx: tx.all(_QUARANTINED)) == []


async def test_a_stopped_follower_gives_its_lease_back(log: Log) -> None:
    log.run(record, 1)
    await followed(log, Choosy(), until=1)
    started = time.monotonic()
    log.run(record, 1)
    await followed(log, Choosy(), until=2)
    assert time.monotonic() - started < 3
