"""Periodic jobs: each runs in one process at a time, however many share the database."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.storage import leases

LOOK = 60.0
"""Seconds at most between looks at whether a job is due: soon enough to take over from a process that died."""
RETRY = 60.0
"""Seconds at most until a job that failed is tried again."""
SETTLE = 5.0
"""A start waits up to so many seconds before its first look: replicas that start together do not all rush in."""
MARGIN = 10.0
"""How much longer, in seconds, a lease lasts than the run that it protects: clocks of replicas differ a little."""

log = structlog.get_logger("flagkeeper.scheduler")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Work to be done again and again. It may be cut off at any moment, and be run twice: that must be harmless."""

    name: str
    every: float
    """Seconds from the start of one run to the start of the next."""
    run: Callable[[], Awaitable[object]]
    limit: float = 300.0
    """Seconds after which a run is cut off."""


class Scheduler:
    """Runs jobs as long as the server runs.

    A lease per job says who runs it. While it runs, the lease lasts as long as the job may; then it is kept until the
    job is due again, so that no other process runs it meanwhile, and any process may when its holder is gone.
    """

    def __init__(self, jobs: Sequence[Job], units: Units, *, settle: float = SETTLE) -> None:
        self._jobs = jobs
        self._units = units
        self._settle = settle
        self._holder = new_ulid()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._attend(job), name=f"job-{job.name}") for job in self._jobs]

    async def stop(self) -> None:
        """Cuts off what runs, and lets another process go on at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _attend(self, job: Job) -> None:
        pause = random.uniform(0, self._settle)  # noqa: S311 - spreads load, guards nothing
        while True:
            await asyncio.sleep(pause)
            try:
                pause = await self._turn(job)
            except Exception as error:
                log.warning("job_waits", job=job.name, error=str(error))
                pause = min(job.every, RETRY)

    async def _turn(self, job: Job) -> float:
        """Runs the job if it is ours to run. Returns the seconds until the next look."""
        if not await self._hold(job, job.limit + MARGIN):
            return min(job.every, LOOK) * _jitter()
        started = time.monotonic()
        try:
            succeeded = await self._run(job)
        except asyncio.CancelledError:
            await self._units.run(SYSTEM, self._release, job)
            raise
        period = (job.every if succeeded else min(job.every, RETRY)) * _jitter()
        rest = max(0.0, period - (time.monotonic() - started))
        await self._hold(job, rest)
        return rest

    async def _run(self, job: Job) -> bool:
        started = time.monotonic()
        try:
            async with asyncio.timeout(job.limit):
                await job.run()
        except Exception as error:
            log.exception("job_failed", job=job.name, error=str(error) or type(error).__name__)
            return False
        log.debug("job_done", job=job.name, seconds=round(time.monotonic() - started, 3))
        return True

    async def _hold(self, job: Job, seconds: float) -> bool:
        duration = int(seconds * clock.SECOND)
        return await self._units.run(
            SYSTEM, lambda unit: leases.take(unit.tx, _lease(job), self._holder, unit.now, duration)
        )

    def _release(self, unit: Unit, job: Job) -> None:
        leases.release(unit.tx, _lease(job), self._holder)


def _lease(job: Job) -> str:
    return f"job/{job.name}"


def _jitter() -> float:
    return random.uniform(0.9, 1.1)  # noqa: S311 - spreads load, guards nothing
