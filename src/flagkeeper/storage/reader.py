"""Readers: a few threads, each with a read-only connection of its own, and a deadline for every read."""

import asyncio
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec
import structlog

from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.connection import Connection
from flagkeeper.storage.database import Database
from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.transaction import Transaction

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger("flagkeeper.reader")

SHORT = 0.005
"""Seconds. A read that takes longer lets the next one begin beside it."""
AT_ONCE = {Dialect.SQLITE: 1, Dialect.POSTGRESQL: 4}
"""Short reads that run at a time. On SQLite they take the interpreter from each other with every row: sixteen clients
got 540 pages a second from four at a time, and get 900 from one. Of PostgreSQL, two or four make no difference."""


class PoolNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """Connections of readers at one moment, and who waits for one."""

    used: int
    """Those that a read has."""
    free: int
    opening: int
    """Those that are being opened."""
    waiting: int
    """Reads that have not begun."""

    def __add__(self, other: "PoolNumbers") -> "PoolNumbers":
        return PoolNumbers(
            used=self.used + other.used,
            free=self.free + other.free,
            opening=self.opening + other.opening,
            waiting=self.waiting + other.waiting,
        )


class Reader:
    """Runs functions of a read-only transaction: one snapshot each, never longer than `deadline` seconds."""

    def __init__(self, database: Database, *, threads: int = 4, deadline: float = 30.0) -> None:
        self._database = database
        self._deadline = deadline
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="flagkeeper-reader")
        self._idle: queue.LifoQueue[Connection] = queue.LifoQueue()
        # Several threads add to these and take away; a set does either at once.
        self._used: set[Connection] = set()
        self._opening: set[object] = set()
        self._asked: set[object] = set()
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots = asyncio.Semaphore()

    async def run(self, read: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What `read(tx, ...)` returns, run on a reader's thread.

        Raises:
            Unavailable: the database is out of reach, or the read took longer than the deadline.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._slots = loop, asyncio.Semaphore(AT_ONCE[self._database.dialect])
        asked = object()

        def begin() -> R:
            self._asked.discard(asked)
            return self.now(read, *args, **kwargs)

        self._asked.add(asked)
        try:
            async with _Slot(loop, self._slots):
                return await loop.run_in_executor(self._pool, begin)
        finally:
            self._asked.discard(asked)

    def now(self, read: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The same on the calling thread, for those that have no event loop."""
        while True:
            connection, reused = self._take()
            try:
                connection.begin()
                result = read(Transaction(connection), *args, **kwargs)
                connection.commit()
            except Exception as error:
                failure = connection.failure(error)
                if failure is None:
                    connection.rollback()
                    self._give_back(connection)
                    raise
                was_broken = connection.broken
                connection.close()
                if not failure.passes:
                    raise  # a defect of ours
                if reused and was_broken:
                    # The server may have been restarted since this connection was last used: one more try on a new one.
                    continue
                log.warning("read_failed", error=self._database.told(error), database=self._database.shown())
                raise Unavailable("The database did not answer in time. Try again, or ask for less.") from error
            finally:
                self._used.discard(connection)
            self._give_back(connection)
            return result

    def numbers(self) -> PoolNumbers:
        """Of its connections now, whoever uses them. It waits for nobody."""
        return PoolNumbers(
            used=len(self._used), free=self._idle.qsize(), opening=len(self._opening), waiting=len(self._asked)
        )

    def _take(self) -> tuple[Connection, bool]:
        try:
            connection, reused = self._idle.get_nowait(), True
        except queue.Empty:
            connection, reused = self._connect(), False
        self._used.add(connection)
        return connection, reused

    def _connect(self) -> Connection:
        opening = object()
        self._opening.add(opening)
        try:
            return self._database.connect(readonly=True, deadline=self._deadline)
        except Exception as error:
            log.warning("connection_failed", error=self._database.told(error), database=self._database.shown())
            raise Unavailable("The database cannot be reached now. Try again in a moment.") from error
        finally:
            self._opening.discard(opening)

    def _give_back(self, connection: Connection) -> None:
        self._idle.put(connection)
        if self._stopped:
            self._close_idle()

    def stop(self) -> None:
        """Ends the threads. A read that goes on elsewhere closes its connection itself."""
        self._pool.shutdown()
        self._stopped = True
        self._close_idle()

    def _close_idle(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()


class _Slot:
    """A place among the short reads, given up after a moment even if the read goes on."""

    def __init__(self, loop: asyncio.AbstractEventLoop, slots: asyncio.Semaphore) -> None:
        self._loop = loop
        self._slots = slots
        self._held = False

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        self._held = True
        self._end = self._loop.call_later(SHORT, self._give_up)

    async def __aexit__(self, *_: object) -> None:
        self._end.cancel()
        self._give_up()

    def _give_up(self) -> None:
        if self._held:
            self._held = False
            self._slots.release()


def first_column(*row: Any) -> Any:
    """A row of one column as that column."""
    return row[0]
