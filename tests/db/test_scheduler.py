"""Periodic jobs: at their time, in one process at a time, and none spoils another."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import update

from flagkeeper.eventlog.leased_units import UnitRunner
from flagkeeper.eventlog.more import read_more
from flagkeeper.eventlog.unit import Unit
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.change_context import Cause
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.scheduler import Job, Scheduler
from flagkeeper.storage import leases
from flagkeeper.storage.leases import LeaseLost
from flagkeeper.storage.statement import Write
from tests.deliveries import enable
from tests.log import Log

_EXPIRE = Write[Any](update(leases.leases).values(expires_at=0))
PATIENCE = 10
"""Seconds to wait for what must happen."""


class Runs:
    """A job that notes when it starts, and whether two of it ever ran at once."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.starts: list[float] = []
        self.running = 0
        self.overlapped = False

    async def __call__(self, _: UnitRunner) -> None:
        self.starts.append(time.monotonic())
        self.running += 1
        self.overlapped |= self.running > 1
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.running -= 1


class Looks:
    """Counts how often somebody looked whether a lease is taken."""

    def __init__(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        self._run = log.reader.run
        self.number = 0
        monkeypatch.setattr(log.reader, "run", self.run)

    async def run(self, *args: Any) -> Any:
        found = await self._run(*args)
        self.number += args[0] is leases.taken
        return found

    async def at_least(self, number: int) -> None:
        await until(lambda: self.number >= number)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


def scheduler(log: Log, run: Callable[[UnitRunner], Awaitable[object]], every: float, limit: float = 5.0) -> Scheduler:
    jobs = [Job(name="work", every=every, limit=limit, run=run)]
    return Scheduler(jobs, log.units, log.reader, log.supervisor, settle=0.0)


async def test_what_a_job_changes_says_which_job_it_was(log: Log) -> None:
    async def change(units: UnitRunner) -> None:
        await units.run(SYSTEM, enable, "by-a-job")

    part = scheduler(log, change, every=3600.0)
    await part.start()
    await until(log.count)
    await part.stop()
    assert read_more(log.events("cause:schedule/work")[0].more).cause == Cause("schedule", "work")


async def test_processes_that_share_a_database_take_turns(log: Log) -> None:
    runs = Runs(seconds=0.05)
    both = [scheduler(log, runs, every=0.3), scheduler(log, runs, every=0.3)]
    for each in both:
        await each.start()
    await until(lambda: len(runs.starts) >= 5)
    for each in both:
        await each.stop()

    gaps = [later - earlier for earlier, later in zip(runs.starts, runs.starts[1:], strict=False)]
    assert min(gaps) > 0.25, "the period is that of all processes together"
    assert not runs.overlapped


async def test_a_job_that_fails_is_tried_again_and_disturbs_no_other(log: Log) -> None:
    attempts: list[None] = []

    async def fail(_: UnitRunner) -> None:
        attempts.append(None)
        raise ValueError("broken")

    fine = Runs()
    jobs = [Job(name="broken", every=0.1, run=fail), Job(name="fine", every=0.1, run=fine)]
    running = Scheduler(jobs, log.units, log.reader, log.supervisor, settle=0.0)
    await running.start()
    await until(lambda: len(attempts) >= 2 and len(fine.starts) >= 2)
    await running.stop()


async def test_a_run_that_takes_too_long_is_cut_off(log: Log) -> None:
    runs = Runs(seconds=60)
    running = scheduler(log, runs, every=0.1, limit=0.2)
    await running.start()
    await until(lambda: len(runs.starts) >= 2)
    await running.stop()
    assert not runs.overlapped


async def test_a_stop_cuts_off_what_runs_and_lets_the_next_process_start_at_once(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Runs(seconds=60), Runs()
    stopping = scheduler(log, first, every=3600, limit=3600)
    await stopping.start()
    await until(lambda: first.running)
    following = scheduler(log, second, every=0.2)
    looks = Looks(log, monkeypatch)
    await following.start()
    await looks.at_least(2)
    assert not second.starts, "the first one still holds the lease"

    await stopping.stop()
    assert not first.running
    await until(lambda: second.starts)
    await following.stop()


async def test_a_process_that_died_is_replaced_when_its_lease_ends(log: Log) -> None:
    def die(unit: Unit) -> None:
        leases.take(unit.tx, "job/work", new_ulid(), 600)

    log.run(die)
    died_at = time.monotonic()
    runs = Runs()
    running = scheduler(log, runs, every=0.1)
    await running.start()
    await until(lambda: runs.starts)
    await running.stop()
    assert runs.starts[0] - died_at > 0.5


async def test_a_job_that_lost_its_lease_writes_nothing(log: Log) -> None:
    """Its process stood still for longer than the lease, and another one has taken over."""
    go_on, outcomes = asyncio.Event(), list[str]()

    async def work(units: UnitRunner) -> None:
        await go_on.wait()
        for write in (units.run(SYSTEM, enable, "late"), units.run_chunks(SYSTEM, lambda *_: None, ["late"])):
            try:
                await write
                outcomes.append("written")
            except LeaseLost:
                outcomes.append("refused")

    running = scheduler(log, work, every=3600)
    await running.start()
    await until(lambda: log.read(leases.taken, ["job/work"], ""))
    log.run(lambda unit: unit.tx.write(_EXPIRE))
    successor = log.run(lambda unit: leases.take(unit.tx, "job/work", "another", 60_000))
    go_on.set()
    await until(lambda: len(outcomes) == 2)
    await running.stop()
    assert outcomes == ["refused", "refused"]
    assert log.count() == 0
    log.run(lambda unit: leases.confirm(unit.tx, successor))


async def test_a_job_writes_while_it_holds_its_lease(log: Log) -> None:
    async def work(units: UnitRunner) -> None:
        await units.run(SYSTEM, enable, "a")
        await units.run_chunks(SYSTEM, lambda unit, some: enable(unit, *some), ["b", "c"], size=1)

    running = scheduler(log, work, every=3600)
    await running.start()
    await until(lambda: log.count() == 3)
    await running.stop()
    await running.stop()


async def test_failures_of_jobs_are_counted(log: Log) -> None:
    async def fail(_: UnitRunner) -> None:
        raise ValueError("broken")

    running = scheduler(log, fail, every=0.05)
    await running.start()
    await until(lambda: log.supervisor.failures["job-work"] >= 2)
    await running.stop()
