"""Writes what is added up in memory: every few seconds, and when the server stops."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from flagkeeper.kernel.errors import Unavailable
from flagkeeper.supervisor import SupervisedTask, Supervisor

STOP_PATIENCE = 1.0
"""Seconds that a write under way gets at the end of the server; what it has not written is written by the last one."""

log = structlog.get_logger("flagkeeper.flusher")


class Flusher:
    """Calls `flush` every `seconds` from `start` to `stop`, and once more then. That the database is out of reach is no
    failure: `flush` keeps what it could not write, raises `Unavailable`, and is called again."""

    def __init__(self, name: str, flush: Callable[[], Awaitable[None]], seconds: float, supervisor: Supervisor) -> None:
        self._name = name
        self._flush = flush
        self._seconds = seconds
        self._supervisor = supervisor
        self._stopping = asyncio.Event()
        self._task: SupervisedTask | None = None

    def start(self) -> None:
        self._task = self._supervisor.start(self._name, self._repeat)

    async def stop(self) -> None:
        """Writes what is left, then ends."""
        task, self._task = self._task, None
        if task is None:
            return
        self._stopping.set()
        if not await task.finished(STOP_PATIENCE):
            await task.stop()
        await self._flush_or_log()

    async def _repeat(self) -> None:
        while not self._stopping.is_set():
            await self._flush_or_log()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await self._stopping.wait()

    async def _flush_or_log(self) -> None:
        try:
            await self._flush()
        except Unavailable as error:
            log.warning("not_written", of=self._name, error=error.message)
