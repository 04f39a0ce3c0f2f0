"""Periodic jobs: each runs in one process at a time, however many share the database."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

from flagkeeper.eventlog.lease_holder import LeaseHolder
from flagkeeper.eventlog.leased_units import LeasedUnits, UnitRunner
from flagkeeper.eventlog.unit import Units
from flagkeeper.kernel import clock
from flagkeeper.kernel.change_context import Cause, CauseKind, ChangeContext
from flagkeeper.storage.reader import Reader
from flagkeeper.supervisor import SupervisedTask, Supervisor

LOOK = 60.0
"""Seconds at most between looks at whether a job is due: soon enough to take over from a process that died."""
RETRY = 60.0
"""Seconds at most until a job that failed is tried again."""
SETTLE = 5.0
"""A start waits up to so many seconds before its first look: replicas that start together do not all rush in."""
LONGER = 1.25
"""How much longer a lease lasts than the run that it protects: at its end its holder does not trust it any more."""

log = structlog.get_logger("flagkeeper.scheduler")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Work to be done again and again. It may be cut off at any moment, and be run twice: that must be harmless."""

    name: str
    every: float
    """Seconds from the start of one run to the start of the next."""
    run: Callable[[UnitRunner], Awaitable[object]]
    """Given the units with which it writes: they refuse when another process has taken over."""
    limit: float = 300.0
    """Seconds after which a run is cut off."""


class Scheduler:
    """Runs jobs as long as the server runs.

    A lease per job says who runs it. While it runs, the lease lasts as long as the job may; then it is kept until the
    job is due again, so that no other process runs it meanwhile, and any process may when its holder is gone. The end
    of a server gives back the leases of what runs, and leaves the others: they say when a job is due.
    """

    def __init__(
        self, jobs: Sequence[Job], units: Units, reader: Reader, supervisor: Supervisor, *, settle: float = SETTLE
    ) -> None:
        self._jobs = jobs
        self._units = units
        self._reader = reader
        self._supervisor = supervisor
        self._settle = settle
        self._tasks: list[SupervisedTask] = []

    async def start(self) -> None:
        for job in self._jobs:
            pause = random.uniform(0, self._settle)  # noqa: S311 - spreads load, guards nothing
            runner = _JobRunner(job, self._units, self._reader, self._supervisor, pause)
            self._tasks.append(self._supervisor.start(_name(job), runner.attend))

    async def stop(self) -> None:
        """Cuts off what runs, and lets another process go on at once."""
        tasks, self._tasks = self._tasks, []
        await asyncio.gather(*(task.stop() for task in tasks))


class _JobRunner:
    """One job, in one process."""

    def __init__(self, job: Job, units: Units, reader: Reader, supervisor: Supervisor, pause: float) -> None:
        self._job = job
        self._units = units
        self._supervisor = supervisor
        self._holder = LeaseHolder(f"job/{job.name}", units, reader)
        self._pause = pause
        self._context = ChangeContext(cause=Cause(CauseKind.SCHEDULE, job.name))

    async def attend(self) -> None:
        while True:
            pause, self._pause = self._pause, 0.0
            await asyncio.sleep(pause)
            self._pause = await self._run_if_held()

    async def _run_if_held(self) -> float:
        """Runs the job if it is ours to run. Returns the seconds until the next look."""
        job = self._job
        if not await self._holder.extend(int(LONGER * job.limit * clock.SECOND)):
            return min(job.every, LOOK) * _jitter()
        started = time.monotonic()
        try:
            succeeded = await self._run()
        except asyncio.CancelledError:
            await self._holder.release()
            raise
        period = (job.every if succeeded else min(job.every, RETRY)) * _jitter()
        rest = max(0.0, period - (time.monotonic() - started))
        await self._holder.extend(int(rest * clock.SECOND))
        return rest

    async def _run(self) -> bool:
        """Runs the job for as long as the lease can be trusted. False when it failed."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(min(self._job.limit, self._holder.left)):
                await self._job.run(LeasedUnits(self._units.within(self._context), self._holder))
        except Exception as error:
            self._supervisor.failed(_name(self._job), error)
            return False
        log.debug("job_done", job=self._job.name, seconds=round(time.monotonic() - started, 3))
        return True


def _name(job: Job) -> str:
    return f"job-{job.name}"


def _jitter() -> float:
    return random.uniform(0.9, 1.1)  # noqa: S311 - spreads load, guards nothing
