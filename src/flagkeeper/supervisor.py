"""Work in the background: what fails is logged, counted and begun again. Parts end in the reverse of their order."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from flagkeeper.kernel.errors import Unavailable

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds until work that failed begins again: twice as many each time it fails soon after."""
OUTAGE_PAUSE = 1.0
"""Seconds until work begins again that something outside, like the database, did not let go on."""
SETTLED = 5.0
"""Seconds after which work that began again is taken to be well."""
STOP_LIMIT = 8.0
"""Seconds that all parts have together to end."""
PATIENCE = 3.0
"""Seconds that one part has to end, where nothing else is said."""
LEAST = 0.1
"""Seconds that a part has to end even when others used up the time of all."""

log = structlog.get_logger("flagkeeper.supervisor")

Work = Callable[[], Coroutine[Any, Any, None]]


class Supervisor:
    """Runs the background work of one server."""

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()
        """How often each task failed since the start."""
        self._tasks: set[SupervisedTask] = set()

    def start(self, name: str, work: Work, *, vital: bool = False) -> "SupervisedTask":
        """Runs `work` until it returns or is stopped. `vital`: without it, this server should get no requests."""
        task = SupervisedTask(self, name, work, vital=vital)
        self._tasks.add(task)
        return task

    def failed(self, name: str, error: BaseException) -> None:
        """Counts and logs a defect."""
        self.failures[name] += 1
        log.error("background_task_failed", task=name, exc_info=error)

    def troubles(self) -> list[str]:
        """Why this server should get no requests now."""
        return [f"{task.name} keeps failing." for task in self._tasks if task.vital and task.is_down]

    def forget(self, task: "SupervisedTask") -> None:
        self._tasks.discard(task)


class SupervisedTask:
    """One piece of work. Made by `Supervisor.start`."""

    def __init__(self, supervisor: Supervisor, name: str, work: Work, *, vital: bool) -> None:
        self.name = name
        self.vital = vital
        self._supervisor = supervisor
        self._work = work
        self._has_failed = False
        self._began_at = time.monotonic()
        self._running = True
        self._task = asyncio.create_task(self._run(), name=name)

    @property
    def is_down(self) -> bool:
        """It failed, and has not run well for a while since then."""
        return self._has_failed and not (self._running and time.monotonic() - self._began_at >= SETTLED)

    @property
    def is_done(self) -> bool:
        return self._task.done()

    async def stop(self) -> None:
        """Cuts it off, and returns when it has ended."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._supervisor.forget(self)

    async def finished(self, patience: float) -> bool:
        """Waits so many seconds for its end. True when that came."""
        await asyncio.wait({self._task}, timeout=patience)
        return self.is_done

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._work()
                break
            except Unavailable as error:
                log.warning("background_task_waits", task=self.name, error=error.message)
                await asyncio.sleep(OUTAGE_PAUSE)
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and self._task.cancelling():
                    raise
                # A cancellation that nobody asked for: something that it waited for was cancelled.
                self._has_failed, self._running = True, False
                self._supervisor.failed(self.name, error)
                pause = FIRST_PAUSE if time.monotonic() - self._began_at >= SETTLED else min(2 * pause, LONGEST_PAUSE)
                await asyncio.sleep(pause)
                self._running, self._began_at = True, time.monotonic()
        self._supervisor.forget(self)


class Lifecycle:
    """Starts parts one after the other, and ends them in reverse. `stop` may be called twice, or before any start."""

    def __init__(self, limit: float = STOP_LIMIT) -> None:
        self._limit = limit
        self._stops: list[tuple[str, Callable[[], Awaitable[object]], float]] = []

    async def start(
        self,
        name: str,
        start: Callable[[], Awaitable[object]],
        stop: Callable[[], Awaitable[object]],
        patience: float = PATIENCE,
    ) -> None:
        """Starts a part that gets `patience` seconds to end. One whose start fails is to be ended as well."""
        self._stops.append((name, stop, patience))
        await start()

    async def stop(self) -> None:
        """Ends every part, whatever happens to others: one that takes too long is left behind."""
        end = time.monotonic() + self._limit
        while self._stops:
            name, stop, patience = self._stops.pop()
            ending = asyncio.ensure_future(stop())
            await asyncio.wait({ending}, timeout=max(LEAST, min(patience, end - time.monotonic())))
            if not ending.done():
                log.error("part_did_not_stop", part=name)
                ending.cancel()
            elif not ending.cancelled() and (error := ending.exception()) is not None:
                log.error("part_stopped_badly", part=name, exc_info=error)
