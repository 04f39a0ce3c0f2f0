"""Reading a log of which a part may be in the archive: what is in the database, or in memory, does not wait for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from flagkeeper.eventlog.archive.timed import ArchiveNeeded, without_waiting
from flagkeeper.kernel import threads
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.database import Database
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction

P = ParamSpec("P")
R = TypeVar("R")

AT_ONCE = 4
"""Reads that may wait for the archive at a time, each with a connection of its own."""
LONGEST = 30.0
"""Seconds that one may take."""


class ArchiveReader(Reader):
    """A reader of the whole log. A read that turns out to need the archive is made again, on a thread of its own, which
    is left behind when it takes too long."""

    def __init__(self, database: Database, **options: Any) -> None:
        super().__init__(database, **options)
        self._waiting = asyncio.Semaphore(AT_ONCE)
        self._limits: set[asyncio.Timeout] = set()
        self._ending = False

    async def run(self, read: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """As `Reader.run`. Raises `Unavailable` also when the archive does not answer in time."""

        def in_memory_or_database(tx: Transaction) -> R:
            with without_waiting():
                return read(tx, *args, **kwargs)

        try:
            return await super().run(in_memory_or_database)
        except ArchiveNeeded:
            return await self._wait(partial(self.now, read, *args, **kwargs))

    def end_waiting(self) -> None:
        """The server stops: every read that waits for the archive fails now, and so does one that comes to need it."""
        self._ending = True
        for limit in self._limits:
            limit.reschedule(asyncio.get_running_loop().time())

    async def _wait(self, read: Callable[[], R]) -> R:
        limit = asyncio.timeout(0 if self._ending else LONGEST)
        try:
            async with limit:
                self._limits.add(limit)
                await self._waiting.acquire()
                future = threads.start(read, "flagkeeper-archive-reader")
                future.add_done_callback(partial(self._free, asyncio.get_running_loop()))
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise Unavailable("The archive did not answer in time. Try again, or ask for less.") from error
        finally:
            self._limits.discard(limit)

    def _free(self, loop: asyncio.AbstractEventLoop, _future: "Future[R]") -> None:
        # A read that was left behind may come back when the server has ended.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._waiting.release)
