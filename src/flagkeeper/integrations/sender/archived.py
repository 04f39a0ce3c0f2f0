"""Reading events that have left the database, when it is their turn to be sent."""

import asyncio

import structlog

from flagkeeper.eventlog.read import EventRow, LogRows
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.reader import Reader

REST = 10.0
"""Seconds for which an archive that could not be read is left alone."""

log = structlog.get_logger("flagkeeper.sender")


class ArchivedEvents:
    """One at a time: a store that does not answer takes a while to be given up, and everything that is still in the
    database goes its way meanwhile."""

    def __init__(self, reader: Reader, rows: LogRows) -> None:
        self._reader = reader
        self._rows = rows
        self._one_at_a_time = asyncio.Lock()
        self._failure = ""
        self._rests_until = 0.0

    async def read(self, event_id: int) -> EventRow:
        """Raises `Unavailable` when the archive is out of reach, or was a moment ago."""
        loop = asyncio.get_running_loop()
        async with self._one_at_a_time:
            if loop.time() < self._rests_until:
                raise Unavailable(self._failure)
            try:
                (row,) = await self._reader.run(self._rows.of, [event_id])
            except Unavailable as error:
                log.warning("archived_events_wait", event_id=event_id, error=error.message)
                self._failure, self._rests_until = error.message, loop.time() + REST
                raise
            return row
