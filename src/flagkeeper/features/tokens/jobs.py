"""Keeping when tokens were last used: noted in memory on every request, written every few minutes."""

import asyncio

import structlog

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.tokens import commands
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import FlagkeeperError
from flagkeeper.supervisor import SupervisedTask, Supervisor

FLUSH_EVERY = 180.0
"""Seconds."""

log = structlog.get_logger("flagkeeper.tokens")


class SeenTokens:
    """Which tokens were used since the last flush, and when."""

    def __init__(self, units: Units, supervisor: Supervisor) -> None:
        self._units = units
        self._supervisor = supervisor
        self._seen: dict[str, clock.Millis] = {}
        self._task: SupervisedTask | None = None

    def note(self, secret_hash: str) -> None:
        self._seen[secret_hash] = clock.now()

    async def flush(self) -> None:
        """Writes what was noted.

        Raises:
            FlagkeeperError: it could not be written; it stays noted.
        """
        seen, self._seen = self._seen, {}
        if not seen:
            return
        try:
            await self._units.run(SYSTEM, commands.record_seen, seen)
        except BaseException:
            self._seen = {**seen, **self._seen}
            raise

    async def start(self) -> None:
        self._task = self._supervisor.start("seen-tokens", self._repeat)

    async def stop(self) -> None:
        """Writes what is left, then ends."""
        task, self._task = self._task, None
        if task is None:
            return
        await task.stop()
        await self._flush_or_log()

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            await self._flush_or_log()

    async def _flush_or_log(self) -> None:
        try:
            await self.flush()
        except FlagkeeperError as error:
            log.warning("token_uses_not_written", error=error.message)
