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

import msgspec
import pytest
import structlog
from sqlalchemy import select, update

from flagkeeper.eventlog import durable
from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.archive.archiver import RetentionPolicy
from flagkeeper.eventlog.archive.blob_store import BlobStore
from flagkeeper.eventlog.catalogue.application import ApplicationCreated, ApplicationData
from flagkeeper.eventlog.durable import DurableRunner, PositionMoved, position_of
from flagkeeper.eventlog.follow import Wants
from flagkeeper.eventlog.read import EventRow, LogEvent, LogRows
from flagkeeper.eventlog.tables import log_quarantine
from flagkeeper.eventlog.unit import Unit
from flagkeeper.kernel.errors import Conflict, NotFound, Unavailable
from flagkeeper.storage import leases
from flagkeeper.storage.leases import LeaseLost
from flagkeeper.storage.statement import Query, Write, columns
from flagkeeper.storage.transaction import Transaction
from tests.archive import archiver, fill, place_in
from tests.deliveries import until
from tests.followers import copier
from tests.log import ALICE, Log

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
_QUARANTINED = Query(select(log_quarantine.c.follower, log_quarantine.c.event_id, log_quarantine.c.error), columns)
_EXPIRE = Write[Any](update(leases.leases).values(expires_at=0))


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
        for turn in range(1, 21):
            log.run(record, 5)
            eventually(lambda turn=turn: len(log.read(copier.copied)) == 5 * turn)  # type: ignore[misc]  # bound now, not later
        (working,) = {by for _, by, _ in log.read(copier.copied)}
        (one if working == "one" else two).kill()
        log.run(record, 5)
        eventually(lambda: len(log.read(copier.copied)) == 105)
    found = log.read(copier.copied)
    assert [event for event, _, _ in found] == list(range(1, 106))
    assert [by for _, by, _ in found[100:]] == ["two" if working == "one" else "one"] * 5
    log.close()


@pytest.mark.postgres
def test_a_process_that_stood_still_for_longer_than_its_lease_copies_nothing_twice(postgresql_url: str) -> None:
    log = Log(postgresql_url)
    copier.make_table(log.database)
    with process(postgresql_url, "one") as one, process(postgresql_url, "two") as two:
        log.run(record, 5)
        eventually(lambda: len(log.read(copier.copied)) == 5)
        (first,) = {by for _, by, _ in log.read(copier.copied)}
        sleeper, other = (one, two) if first == "one" else (two, one)
        sleeper.send_signal(signal.SIGSTOP)
        for _ in range(10):
            log.run(record, 5)
        eventually(lambda: len(log.read(copier.copied)) == 55)
        sleeper.send_signal(signal.SIGCONT)
        for _ in range(10):
            log.run(record, 5)
        eventually(lambda: len(log.read(copier.copied)) == 105)
        other.kill()
        log.run(record, 5)
        eventually(lambda: len(log.read(copier.copied)) == 110)
    found = log.read(copier.copied)
    assert [event for event, _, _ in found] == list(range(1, 111))
    assert [by for _, by, _ in found[105:]] == [first] * 5, "it is still alive, and follows again"
    log.close()


class Choosy:
    """Handles everything but certain events."""

    name = "choosy"

    def __init__(self, *bad: int, wants: Wants | None = None, error: Exception | None = None) -> None:
        self.wants = wants or Wants(types=frozenset({"application-created"}))
        self._bad = set(bad)
        self._error = error
        self.handled: list[int] = []
        self.attempts: list[list[int]] = []

    def is_urgent(self, _: LogEvent) -> bool:
        return True

    def handle(self, _: Transaction, batch: Sequence[LogEvent]) -> None:
        ids = [event.id for event in batch]
        self.attempts.append(ids)
        if found := self._bad.intersection(ids):
            raise self._error or ValueError(f"cannot handle {min(found)}")
        self.handled.extend(ids)

    def attempts_at(self, event_id: int) -> int:
        """How often it was tried by itself."""
        return self.attempts.count([event_id])

    def mend(self) -> None:
        self._bad.clear()


def runner_of(log: Log, follower: Any, **options: Any) -> DurableRunner:
    return DurableRunner(follower, log.units, log.reader, log.log_reader, **options)


async def work_off(runner: DurableRunner) -> None:
    """Until nothing is left to do; then the lease is given back."""
    while await runner.step():
        pass
    await runner.stop()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other without a pause."""
    monkeypatch.setattr(durable, "FIRST_PAUSE", 0.0)


def quarantined(log: Log) -> list[tuple[str, int, str]]:
    found: list[tuple[str, int, str]] = log.reader.now(lambda tx: tx.all(_QUARANTINED))
    return found


@pytest.mark.causes("flagkeeper-event-quarantined", action="a follower fails five times on one event")
async def test_what_five_attempts_cannot_handle_is_quarantined_and_the_rest_goes_on(log: Log) -> None:
    log.run(record, 30)
    follower = Choosy(7, 8, 23)
    await work_off(runner_of(log, follower))
    assert follower.handled == [each for each in range(1, 31) if each not in (7, 8, 23)]
    assert [follower.attempts_at(bad) for bad in (7, 8, 23)] == [5, 5, 5]
    assert [(name, event) for name, event, _ in quarantined(log)] == [("choosy", 7), ("choosy", 8), ("choosy", 23)]
    assert quarantined(log)[0][2] == "ValueError: cannot handle 7"
    told = log.events("type:flagkeeper-event-quarantined", limit=10)
    assert [(each.created_by, each.created_by_user_id) for each in told] == [("unleash_system_user", -1337)] * 3


async def test_a_bad_batch_is_split_until_the_bad_event_is_alone(log: Log) -> None:
    log.run(record, 8)
    follower = Choosy(3)
    await work_off(runner_of(log, follower, batch=8))
    assert follower.attempts[:4] == [[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4], [1, 2], [3, 4, 5, 6]]
    assert follower.attempts_at(3) == 5
    assert follower.handled == [1, 2, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("error", [Conflict("in the way"), NotFound("gone"), KeyError("x")])
async def test_whatever_a_follower_raises_counts_as_a_failure(log: Log, error: Exception) -> None:
    log.run(record, 3)
    follower = Choosy(2, error=error)
    await work_off(runner_of(log, follower, batch=2))
    assert follower.handled == [1, 3]
    assert [event for _, event, _ in quarantined(log)] == [2]


async def test_failures_are_those_of_one_event(log: Log) -> None:
    """Four failures, then it works: the next event that fails has five attempts of its own."""
    log.run(record, 2)
    follower = Choosy(1)
    runner = runner_of(log, follower, batch=1)
    for _ in range(4):
        assert await runner.step()
    follower.mend()
    assert await runner.step()
    follower._bad = {2}
    await work_off(runner)
    assert (follower.attempts_at(1), follower.attempts_at(2)) == (5, 5)
    assert [event for _, event, _ in quarantined(log)] == [2]


async def test_failures_survive_the_process_that_counted_them(log: Log) -> None:
    log.run(record, 1)
    follower = Choosy(1)
    for _ in range(4):
        runner = runner_of(log, follower)
        assert await runner.step()
        await runner.stop()
    await work_off(runner_of(log, follower))
    assert follower.attempts_at(1) == 5
    assert [event for _, event, _ in quarantined(log)] == [1]


async def test_a_follower_of_everything_also_sees_what_was_quarantined(log: Log) -> None:
    log.run(record, 5)
    follower = Choosy(3, wants=Wants())
    await work_off(runner_of(log, follower))
    assert follower.handled == [1, 2, 4, 5, 6]


async def test_a_trouble_that_passes_loses_nothing(log: Log) -> None:
    log.run(record, 10)
    follower = Choosy(4)
    runner = runner_of(log, follower)
    assert await runner.step()
    assert log.read(position_of, "choosy") == 0
    follower.mend()
    await work_off(runner)
    assert follower.handled == list(range(1, 11))
    assert quarantined(log) == []


async def test_of_two_runners_one_works_until_it_gives_its_lease_back(log: Log) -> None:
    log.run(record, 6)
    first, second = Choosy(), Choosy()
    one, other = runner_of(log, first, batch=2), runner_of(log, second, batch=2)
    assert await one.step()
    assert not await other.step()
    assert not await other.step()
    await one.stop()
    await work_off(other)
    assert (first.handled, second.handled) == ([1, 2], [3, 4, 5, 6])


async def test_a_holder_that_stood_still_for_longer_than_its_lease_writes_nothing(log: Log) -> None:
    """It read the next batch, and then another process took over, worked and gave the lease back."""
    log.run(record, 4)
    stopped, follower = Choosy(), Choosy()
    still = runner_of(log, stopped, batch=2)
    assert await still.step()
    following = await log.reader.run(still._next)
    log.run(lambda unit: unit.tx.write(_EXPIRE))
    other = runner_of(log, follower, batch=2)
    assert await other.step()
    for write in (still._advance, still._count_failure):
        with pytest.raises(LeaseLost):
            await log.units.run(ALICE, write, following)
    with pytest.raises(LeaseLost):
        await log.units.run(ALICE, still._give_up, following, "x")
    await still.stop()
    assert await log.reader.run(leases.taken, ["follower/choosy"], ""), "a late release ends nobody else's lease"
    await work_off(other)
    assert (stopped.handled, follower.handled) == ([1, 2], [3, 4])
    assert quarantined(log) == []


async def test_a_holder_trusts_its_lease_no_longer_than_its_own_clock_says(log: Log) -> None:
    """The database still shows the lease, but the answer may have taken as long to come back as the lease lasts."""
    log.run(record, 4)
    follower = Choosy()
    runner = runner_of(log, follower, batch=2)
    assert await runner.step()
    following = await log.reader.run(runner._next)
    held = runner._holder._held
    assert held is not None
    runner._holder._held = msgspec.structs.replace(held, asked=held.asked - held.length / 1000)
    with pytest.raises(LeaseLost):
        await log.units.run(ALICE, runner._advance, following)
    await work_off(runner)
    assert follower.handled == [1, 2, 3, 4], "nobody took it: it goes on, with a lease that was renewed"


async def test_a_position_that_another_moved_is_left_alone(log: Log) -> None:
    log.run(record, 4)
    follower = Choosy()
    runner = runner_of(log, follower, batch=2)
    following = await log.reader.run(runner._next)
    assert await runner.step()
    with pytest.raises(PositionMoved):
        await log.units.run(ALICE, runner._advance, following)
    await work_off(runner)
    assert follower.handled == [1, 2, 3, 4]


@pytest.mark.parametrize("types", [None, frozenset({"segment-created"})])
async def test_archived_events_are_not_skipped(log: Log, tmp_path: Path, types: frozenset[str] | None) -> None:
    fill(log, 120)
    place = place_in(tmp_path)
    archiver(log, place, RetentionPolicy(keep_events=30)).run(ALICE)
    expected = [row.id for row in reversed(log_rows(log, place)) if types is None or row.type in types]
    follower = Choosy(wants=Wants(types=types))
    await work_off(runner_of(log, follower, rows=LogRows(Archive(place)), batch=7))
    assert follower.handled == expected
    assert min(expected) < 90


async def test_an_archive_out_of_reach_is_waited_for(log: Log, tmp_path: Path) -> None:
    fill(log, 40)
    place = place_in(tmp_path)
    archiver(log, place, RetentionPolicy(keep_events=10)).run(ALICE)
    follower = Choosy(wants=Wants())
    runner = runner_of(log, follower)
    with pytest.raises(Unavailable):
        await runner.step()
    await runner.stop()
    assert follower.attempts == []
    await work_off(runner_of(log, follower, rows=LogRows(Archive(place))))
    assert follower.handled == list(range(1, log.count() + 1))


def log_rows(log: Log, place: BlobStore) -> list[EventRow]:
    """All events, the newest first."""
    found: list[EventRow] = log.read(LogRows(Archive(place)).between, 1, log.count())
    return found[::-1]


async def test_a_follower_is_woken_by_what_it_wants_and_stopping_gives_its_lease_back(log: Log) -> None:
    log.log_signal.attach(asyncio.get_running_loop())
    await log.log_reader.start()
    first, second = Choosy(), Choosy()
    one, other = runner_of(log, first), runner_of(log, second)
    await one.start()
    await asyncio.to_thread(log.run, record, 3)
    await until(lambda: first.handled == [1, 2, 3])
    await one.stop()
    await one.stop()
    assert not await log.reader.run(leases.taken, ["follower/choosy"], "")
    await other.start()
    await asyncio.to_thread(log.run, record, 1)
    await until(lambda: second.handled == [4])
    await other.stop()
    await log.log_reader.stop()


def count_steps(runner: DurableRunner, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    steps, step = 0, runner.step

    async def counted() -> bool:
        nonlocal steps
        steps += 1
        return await step()

    monkeypatch.setattr(runner, "step", counted)
    return lambda: steps


async def test_a_follower_looks_no_more_often_than_it_is_woken(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.log_signal.attach(asyncio.get_running_loop())
    await log.log_reader.start()
    follower = Choosy()
    runner = runner_of(log, follower)
    steps = count_steps(runner, monkeypatch)
    await runner.start()
    for number in range(1, 21):
        await asyncio.to_thread(log.run, record, 1)
        await until(lambda number=number: follower.handled == list(range(1, number + 1)))  # type: ignore[misc]  # bound now, not later
    await runner.stop()
    await log.log_reader.stop()
    assert steps() < 4 * 20


async def test_what_nobody_wants_costs_a_follower_no_transaction(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "LAZY", 0.5)
    log.log_signal.attach(asyncio.get_running_loop())
    await log.log_reader.start()
    follower = Choosy(wants=Wants(types=frozenset({"segment-created"})))
    runner = runner_of(log, follower)
    steps = count_steps(runner, monkeypatch)
    await runner.start()
    await until(steps)
    for _ in range(20):
        await asyncio.to_thread(log.run, record, 1)
        await until(lambda: log.log_reader.position == log.log_signal.last_id)
    await until(lambda: log.read(position_of, "choosy") == 20)
    await runner.stop()
    await log.log_reader.stop()
    assert steps() < 10
    assert follower.attempts == []


class Echo:
    """Whatever it handles is followed by another event, as in a log to which people add all the time."""

    name = "echo"
    wants = Wants()

    def __init__(self, log: Log) -> None:
        self._log = log
        self.batches: list[list[int]] = []

    def is_urgent(self, event: LogEvent) -> bool:
        return False

    def handle(self, _tx: Transaction, batch: Sequence[LogEvent]) -> Callable[[], None]:
        self.batches.append([event.id for event in batch])
        return lambda: self._log.run(record, 1)


async def test_what_is_recorded_meanwhile_is_for_the_next_round(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a log that grows all the time would be followed event by event, with a commit for each."""
    log.run(record, 5)
    follower, rested = Echo(log), asyncio.Event()

    async def rest(_runner: DurableRunner) -> None:
        rested.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(DurableRunner, "_rest", rest)
    runner = runner_of(log, follower, batch=2)
    await runner.start()
    async with asyncio.timeout(30):
        await rested.wait()
    await runner.stop()
    assert follower.batches == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert log.count() == 9
