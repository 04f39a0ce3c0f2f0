"""Records what attempts came to, many in one transaction."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import structlog

from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.integrations.delivery.model import Attempt
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.supervisor import SupervisedTask, Supervisor

LINGER = 0.02
"""Seconds that an attempt may wait for others."""
ENOUGH = 100
"""Attempts for which nobody waits any longer."""
LARGEST = 250
"""Attempts in one transaction, so that other changes get their turn."""
PAUSE = 0.5
"""Seconds until the next try after the database failed."""

log = structlog.get_logger("flagkeeper.sender")


class Recorder:
    """Nothing that was sent is forgotten: while the database cannot be written, attempts wait here.

    Args:
        record: stores attempts in a unit; may be run again.
        after: called with each attempt once it is committed.
    """

    def __init__(
        self,
        units: Units,
        record: Callable[[Unit, Sequence[Attempt]], None],
        after: Callable[[Attempt], None],
        supervisor: Supervisor,
    ) -> None:
        self._units = units
        self._record = record
        self._after = after
        self._supervisor = supervisor
        self._waiting: list[Attempt] = []
        self._arrived = asyncio.Event()
        self._enough = asyncio.Event()
        self._task: SupervisedTask | None = None
        self._stopping = False

    def start(self) -> None:
        self._task = self._supervisor.start("delivery-recorder", self._run)

    async def stop(self, patience: float) -> None:
        """Records what is left; gives up after `patience` seconds. What is not recorded is sent again some day."""
        if self._task is None:
            return
        self._stopping = True
        self._arrived.set()
        self._enough.set()
        if not await self._task.finished(patience):
            log.warning("attempts_not_recorded", attempts=len(self._waiting))
            await self._task.stop()

    def add(self, attempt: Attempt) -> None:
        self._waiting.append(attempt)
        self._arrived.set()
        if len(self._waiting) >= ENOUGH:
            self._enough.set()

    async def _run(self) -> None:
        while self._waiting or not self._stopping:
            await self._arrived.wait()
            with contextlib.suppress(TimeoutError):
                # Not `wait_for`: before Python 3.12 it may lose a cancellation that comes together with the event.
                async with asyncio.timeout(LINGER):
                    await self._enough.wait()
            if self._waiting:
                await self._store(self._waiting[:LARGEST])
            if not self._stopping:
                self._rearm()

    def _rearm(self) -> None:
        if not self._waiting:
            self._arrived.clear()
        if len(self._waiting) < ENOUGH:
            self._enough.clear()

    async def _store(self, batch: list[Attempt]) -> None:
        try:
            await self._units.run(SYSTEM, self._record, batch)
        except Unavailable as error:
            log.warning("recording_waits", attempts=len(self._waiting), error=error.message)
            await asyncio.sleep(PAUSE)
            return
        except Exception:
            log.exception("attempts_not_recorded", attempts=len(batch))
            if len(batch) > 1:
                for each in batch:
                    await self._store([each])
                return
            # Not recorded, so not forgotten either: as long as this process runs, it is not sent again.
            self._drop(batch)
            return
        self._drop(batch)
        for each in batch:
            self._after(each)

    def _drop(self, batch: list[Attempt]) -> None:
        done = {id(each) for each in batch}
        self._waiting = [each for each in self._waiting if id(each) not in done]
