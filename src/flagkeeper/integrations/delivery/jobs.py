"""Periodic work on deliveries: giving up what could not be delivered, and clearing away what is old."""

from collections.abc import Callable

import structlog

from flagkeeper.eventlog.leased_units import UnitRunner
from flagkeeper.eventlog.read import LogRows
from flagkeeper.integrations.config.queries import all_integrations
from flagkeeper.integrations.delivery import commands
from flagkeeper.integrations.delivery.model import Schedule
from flagkeeper.integrations.delivery.queries import NO_EVENT, integrations_with_rows
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction

CLEAR_EVERY = 900.0
"""Seconds."""

log = structlog.get_logger("flagkeeper.sender")


class DeliveryCleaning:
    """A job of the scheduler. It works in small units, so that nobody waits for it; being cut off does no harm.

    Args:
        days: how long attempts, and deliveries that are finished, are kept.
    """

    def __init__(self, reader: Reader, rows: LogRows, schedule: Schedule, days: int) -> None:
        self._reader = reader
        self._rows = rows
        self._schedule = schedule
        self._days = days

    async def run(self, units: UnitRunner) -> None:
        now = clock.now()
        kept, forgotten, end = await self._reader.run(_found, self._rows, now - self._days * clock.DAY)
        for integration_id in forgotten:
            await self._repeat(units, commands.forget, integration_id)
        for integration_id in kept:
            given_up = await self._repeat(units, commands.give_up, integration_id, now - self._schedule.patience())
            if given_up:
                log.warning("deliveries_given_up", integration=integration_id, deliveries=given_up)
            await self._repeat(units, commands.clear_finished, integration_id, end)
            await self._repeat(units, commands.clear_attempts, integration_id, now - self._days * clock.DAY)

    async def _repeat(self, units: UnitRunner, command: Callable[..., int], *args: int) -> int:
        """Until nothing is left to do. How many rows it took."""
        total = 0
        while done := await units.run(SYSTEM, command, *args):
            total += done
        return total


def _found(tx: Transaction, rows: LogRows, oldest: clock.Millis) -> tuple[list[int], list[int], int]:
    """The integrations that there are, those of which only rows are left, and the first event that is not old."""
    kept = [integration.id for integration in all_integrations(tx)]
    forgotten = sorted(integrations_with_rows(tx) - set(kept))
    return kept, forgotten, rows.first_id(tx, oldest) or NO_EVENT
