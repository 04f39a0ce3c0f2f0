"""Looking at the database pool from time to time."""

import time
from collections.abc import Sequence
from functools import reduce
from operator import add

from flagkeeper.eventlog.leased_units import UnitRunner
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.health import commands
from flagkeeper.storage.reader import PoolNumbers, Reader

LOOK_EVERY = 3600.0
"""Seconds."""
SETTLED = 60.0
"""Seconds after its start in which the pool of a server says nothing yet: its connections are only being opened."""


class DatabasePool:
    """The connections of all readers of this server."""

    def __init__(self, readers: Sequence[Reader], *, settled: float = SETTLED) -> None:
        self._readers = readers
        self._counts_from = time.monotonic() + settled

    def numbers(self) -> PoolNumbers:
        return reduce(add, (each.numbers() for each in self._readers))

    async def look(self, units: UnitRunner) -> None:
        """Records how many connections are in use, if that is news."""
        if time.monotonic() >= self._counts_from:
            await units.run(SYSTEM, commands.note_pool, self.numbers())
