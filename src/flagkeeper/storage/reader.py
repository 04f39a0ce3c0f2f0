"""Readers: a few threads, each with a read-only connection of its own, and a deadline for every read."""

import asyncio
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog

from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.connection import Connection, Failure
from flagkeeper.storage.database import Database
from flagkeeper.storage.transaction import Transaction

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger("flagkeeper.reader")


class Reader:
    """Runs functions of a read-only transaction: one snapshot each, never longer than `deadline` seconds."""

    def __init__(self, database: Database, *, threads: int = 4, deadline: float = 30.0) -> None:
        self._database = database
        self._deadline = deadline
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="flagkeeper-reader")
        self._idle: queue.LifoQueue[Connection] = queue.LifoQueue()

    async def run(self, read: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What `read(tx, ...)` returns, run on a reader's thread.

        Raises:
            Unavailable: the database is out of reach, or the read took longer than the deadline.
        """
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: self.now(read, *args, **kwargs))

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
                    self._idle.put(connection)
                    raise
                connection.close()
                if reused and failure is Failure.DATABASE:
                    # The server may have been restarted since this connection was last used: one more try on a new one.
                    continue
                log.warning("read_failed", error=str(error), database=self._database.shown())
                raise Unavailable("The database did not answer in time. Try again, or ask for less.") from error
            self._idle.put(connection)
            return result

    def _take(self) -> tuple[Connection, bool]:
        try:
            return self._idle.get_nowait(), True
        except queue.Empty:
            pass
        try:
            return self._database.connect(readonly=True, deadline=self._deadline), False
        except Exception as error:
            log.warning("connection_failed", error=str(error), database=self._database.shown())
            raise Unavailable("The database cannot be reached now. Try again in a moment.") from error

    def stop(self) -> None:
        self._pool.shutdown()
        while not self._idle.empty():
            self._idle.get().close()


def first_column(*row: Any) -> Any:
    """A row of one column as that column."""
    return row[0]
