"""The writer: one thread, one connection, and many units of work per commit.

Work arrives from any thread and is run in order, each piece behind a savepoint of its own; a whole batch is sealed and
committed at once, so that one flush to disk serves all who waited (facts: stack.md, section 2: 17,688 writes a second
with group commit against 1,692 without, both with `synchronous=FULL`). Nothing is acknowledged before the commit.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import structlog

from flagkeeper.kernel.errors import Conflict, Unavailable
from flagkeeper.storage.connection import Connection, Failure
from flagkeeper.storage.database import Database
from flagkeeper.storage.probe import PROBE, UNPROBE
from flagkeeper.storage.transaction import Transaction

LARGEST_BATCH = 32
"""Units per commit. More would only lengthen the wait of the first one: 16 clients never fill it."""

MOST_TRIES = 5
PROBE_EVERY = 0.5
"""Seconds between attempts to write again after the database failed."""

log = structlog.get_logger("flagkeeper.writer")


class Work(Protocol):
    """One unit of work. It may be run more than once: until its batch is committed, a run counts for nothing."""

    def run(self, tx: Transaction) -> Any:
        """Reads, decides and writes; what it returns is handed to the one who asked, after the commit."""
        ...


Seal = Callable[[Transaction, Sequence[Work]], Callable[[], None]]
"""Does what a batch needs before its commit; the function that it returns is called right after the commit."""


class Writer:
    """Runs work one batch at a time. `healthy` turns false when the database fails and true when it can be written."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._queue: queue.SimpleQueue[tuple[Work, Future[Any]] | None] = queue.SimpleQueue()
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._loop, name="flagkeeper-writer", daemon=True)
        self._closed = False
        self.healthy = True
        self.commits = 0
        """Batches committed since the start."""
        self.units = 0
        """Units of work in them."""

    def start(self) -> None:
        self._connection = self._database.connect()
        self._thread.start()

    def stop(self) -> None:
        """Finishes what was submitted, then ends."""
        self._closed = True
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self._disconnect()

    def submit(self, work: Work) -> Future[Any]:
        """The future is resolved after the commit, with what `work` returned or raised.

        Raises (in the future):
            Unavailable: the database could not store it; nothing was acknowledged.
        """
        future: Future[Any] = Future()
        if self._closed:
            future.set_exception(Unavailable("The server is shutting down. Try again in a moment."))
        else:
            self._queue.put((work, future))
        return future

    def waiting(self) -> int:
        return self._queue.qsize()

    def _loop(self) -> None:
        while True:
            try:
                first = self._queue.get(timeout=None if self.healthy else PROBE_EVERY)
            except queue.Empty:
                self._probe()
                continue
            batch = []
            item = first
            while item is not None:
                if item[1].set_running_or_notify_cancel():
                    batch.append(item)
                if len(batch) == LARGEST_BATCH or self._queue.empty():
                    break
                item = self._queue.get()
            if batch:
                self._settle(batch)
            if item is None:
                return

    def _settle(self, batch: list[tuple[Work, Future[Any]]]) -> None:
        """Runs and commits a batch, trying again while the database asks for it, and resolves every future."""
        for attempt in range(1, MOST_TRIES + 1):
            try:
                outcomes, after = self._commit([work for work, _ in batch])
            except Exception as error:
                failure = self._connection.failure(error) if self._connection else Failure.DATABASE
                self._undo()
                if failure is Failure.RETRY and attempt < MOST_TRIES:
                    time.sleep(0.005 * attempt * attempt)
                    continue
                self._fail(batch, error, failure)
                return
            self._recovered()
            self.commits += 1
            self.units += len(batch)
            after()
            self._resolve(batch, outcomes)
            return

    def _resolve(self, batch: list[tuple[Work, Future[Any]]], outcomes: list[Any]) -> None:
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, _Failed):
                future.set_exception(outcome.error)
            else:
                future.set_result(outcome)

    def _commit(self, batch: list[Work]) -> tuple[list[Any], Callable[[], None]]:
        if self._connection is None:
            self._connection = self._database.connect()
        connection = self._connection
        connection.begin()
        outcomes: list[Any] = []
        done: list[Work] = []
        for work in batch:
            tx = Transaction(connection, savepoints=True)
            try:
                outcomes.append(work.run(tx))
                done.append(work)
            except Exception as error:
                # SQLite rolls everything back when the disk is full, and a lost server has no transaction left:
                # then the whole batch is lost, not this unit alone.
                failure = connection.failure(error)
                if failure in (Failure.RETRY, Failure.DATABASE):
                    raise
                if tx.saved:
                    connection.rollback_to_savepoint()
                if not connection.standing():
                    raise
                if failure is Failure.REFERENCE:
                    log.warning("reference_missing", error=str(error))
                    cause, error = error, Conflict("What this refers to was deleted meanwhile. Look again, then retry.")
                    error.__cause__ = cause
                outcomes.append(_Failed(error))
        after = self._seal(Transaction(connection), done)
        connection.commit()
        return outcomes, after

    def _fail(self, batch: list[tuple[Work, Future[Any]]], error: Exception, failure: Failure | None) -> None:
        if failure not in (Failure.DATABASE, Failure.RETRY) and len(batch) > 1:
            # One unit broke the transaction or the sealing of its batch: it must not take the others with it.
            for each in batch:
                self._settle([each])
            return
        if failure is Failure.DATABASE:
            self._lost(error)
        if failure in (Failure.DATABASE, Failure.RETRY):
            cause, error = error, Unavailable("The database cannot store the change now. Nothing was lost; try again.")
            error.__cause__ = cause
        for _, future in batch:
            future.set_exception(error)

    def _undo(self) -> None:
        try:
            if self._connection is not None:
                self._connection.rollback()
        except Exception as error:
            self._lost(error)

    def _lost(self, error: Exception) -> None:
        if self.healthy:
            log.error("database_lost", error=str(error), database=self._database.shown())
        self.healthy = False
        self._disconnect()

    def _recovered(self) -> None:
        if not self.healthy:
            log.info("database_recovered", database=self._database.shown())
        self.healthy = True

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception as error:
                log.warning("connection_not_closed", error=str(error))

    def _probe(self) -> None:
        """After a failure: is the database back, and can it grow by some pages?"""
        try:
            if self._connection is None:
                self._connection = self._database.connect()
            self._connection.begin()
            tx = Transaction(self._connection)
            tx.write(PROBE, content=b"\0" * 65_536)
            tx.write(UNPROBE)
            self._connection.commit()
            self._recovered()
        except Exception as error:
            log.warning("database_still_lost", error=str(error), database=self._database.shown())
            self._undo()
            self._lost(error)


class _Failed:
    """The outcome of a unit that raised, kept until its batch is committed."""

    def __init__(self, error: Exception) -> None:
        self.error = error
