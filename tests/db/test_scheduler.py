"""Periodic jobs: at their time, in one process at a time, and none spoils another."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from flagkeeper.eventlog.unit import Unit
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.scheduler import Job, Scheduler
from flagkeeper.storage import leases
from tests.log import Log

PATIENCE = 10
"""Seconds to wait for what must happen."""


class Runs:
    """A job that notes when it starts, and whether two of it ever ran at once."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.starts: list[float] = []
        self.running = 0
        self.overlapped = False

    async def __call__(self) -> None:
        self.starts.append(time.monotonic())
        self.running += 1
        self.overlapped |= self.running > 1
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.running -= 1


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


def scheduler(log: Log, run: Callable[[], Awaitable[object]], every: float, limit: float = 5.0) -> Scheduler:
    return Scheduler([Job(name="work", every=every, limit=limit, run=run)], log.units, settle=0.0)


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

    async def fail() -> None:
        attempts.append(None)
        raise ValueError("broken")

    fine = Runs()
    jobs = [Job(name="broken", every=0.1, run=fail), Job(name="fine", every=0.1, run=fine)]
    running = Scheduler(jobs, log.units, settle=0.0)
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


async def test_a_stop_cuts_off_what_runs_and_lets_the_next_process_start_at_once(log: Log) -> None:
    first, second = Runs(seconds=60), Runs()
    stopping = scheduler(log, first, every=3600)
    await stopping.start()
    await until(lambda: first.running)
    following = scheduler(log, second, every=0.2)
    await following.start()
    await asyncio.sleep(0.5)
    assert not second.starts, "the first one still holds the lease"

    await stopping.stop()
    assert not first.running
    await until(lambda: second.starts)
    await following.stop()


async def test_a_process_that_died_is_replaced_when_its_lease_ends(log: Log) -> None:
    def die(unit: Unit) -> None:
        leases.take(unit.tx, "job/work", new_ulid(), unit.now, 600)

    log.run(die)
    died_at = time.monotonic()
    runs = Runs()
    running = scheduler(log, runs, every=0.1)
    await running.start()
    await until(lambda: runs.starts)
    await running.stop()
    assert runs.starts[0] - died_at > 0.5
