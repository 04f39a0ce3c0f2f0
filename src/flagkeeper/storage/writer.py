"""The writer: one thread, one connection, and many units of work per commit.

Work arrives from any thread and is run in order, each piece behind a savepoint of its own; a whole batch is opened,
sealed and committed at once, so that one flush to disk serves all who waited (17,688 writes a second with group commit
against 1,692 without, both with `synchronous=FULL`, on SQLite). Nothing is acknowledged before the commit.

Nobody waits for ever: the queue has a bound, and when the database hangs, or a connection breaks, everybody is told
within two seconds what became of their work: nothing of it was stored, or (if it was lost while it committed, and could
not be asked again) that this is not known.
"""

import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import structlog

from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import Conflict, OutcomeUnknown, Unavailable
from flagkeeper.storage.connection import LOCK_PATIENCE, Connection, Failure
from flagkeeper.storage.database import Database
from flagkeeper.storage.probe import PROBE, UNPROBE
from flagkeeper.storage.transaction import Transaction
from flagkeeper.storage.waiting import Awaiting, Blocking, Failed, Waiting, Work, fail, tell

LARGEST_BATCH = 32
"""Units per commit. More would only lengthen the wait of the first one: 16 clients never fill it."""
MOST_WAITING = 1_024
"""Units that wait for the writer. Above it, the server does less than it is asked for, and says so."""

PATIENCE = 1.5
"""Seconds for which a batch is tried again, and after which a statement that does not return is taken to hang."""
PROBE_EVERY = 0.5
"""Seconds between attempts to write again after the database failed."""
_CHECK_EVERY = 0.25
"""Seconds between checks whether a statement hangs."""

log = structlog.get_logger("flagkeeper.writer")


class Batch(Protocol):
    """What happens around the work of one commit."""

    def open(self, tx: Transaction) -> Millis:
        """The first act of the transaction: takes the lock that all writers take first. Returns the time."""
        ...

    def seal(self, tx: Transaction, done: Sequence[Work]) -> None:
        """The last act before the commit."""
        ...

    def is_stored(self, tx: Transaction) -> bool | None:
        """Whether the commit of what `seal` was given has happened; None when that leaves no trace. Asked in a new
        transaction, after `open`, when the answer to a commit was lost."""
        ...

    def committed(self) -> None:
        """Called right after the commit."""
        ...


class Writer:
    """Runs work one batch at a time. `healthy` turns false when the database fails and true when it can be written."""

    def __init__(self, database: Database, batch: Callable[[], Batch]) -> None:
        self._database = database
        self._batch = batch
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._loop, name="flagkeeper-writer", daemon=True)
        self._watcher = threading.Thread(target=self._watch, name="flagkeeper-writer-watch", daemon=True)
        self._ended = threading.Event()
        self._closed = False
        self._lock = threading.Lock()
        """Guards the running batch: who abandons it, and whether it may still commit."""
        self._running: list[Waiting] = []
        self._committing = False
        self._connecting_since: float | None = None
        self.healthy = True
        self.commits = 0
        """Batches committed since the start."""
        self.units = 0
        """Units of work in them."""

    def start(self) -> None:
        self._connection = self._database.connect()
        self._thread.start()
        self._watcher.start()

    def stop(self) -> None:
        """Finishes what was submitted, then ends."""
        self._closed = True
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self._ended.set()
        if self._watcher.is_alive():
            self._watcher.join()
        self._disconnect()

    def submit(self, work: Work) -> Future[Any]:
        """The future is resolved after the commit, with what `work` returned or raised.

        Raises (in the future):
            Unavailable: the database could not store it; nothing was acknowledged, and nothing was stored.
            OutcomeUnknown: the database was lost while it committed.
        """
        waiting = Blocking(work)
        self._accept(waiting)
        return waiting.future

    async def run(self, work: Work) -> Any:
        """The same for those who wait on an event loop: what a commit brings, it hears of at once."""
        waiting = Awaiting(work)
        self._accept(waiting)
        return await waiting.future

    def _accept(self, waiting: Waiting) -> None:
        if self._closed:
            fail([waiting], Unavailable("The server is shutting down. Try again in a moment."))
        elif self._queue.qsize() >= MOST_WAITING:
            fail([waiting], Unavailable("Too many changes are waiting to be stored. Try again in a moment."))
        else:
            self._queue.put(waiting)

    def waiting(self) -> int:
        return self._queue.qsize()

    # The writer's thread

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
                if item.begin():
                    batch.append(item)
                if len(batch) == LARGEST_BATCH or self._queue.empty():
                    break
                item = self._queue.get()
            if batch:
                try:
                    self._settle(batch)
                except Exception as error:
                    # A defect of ours: nobody who waits is forgotten, and the next batch begins on a new connection.
                    log.exception("writer_failed")
                    self._lost(error)
                    fail(batch, error)
            if item is None:
                return

    def _settle(self, batch: list[Waiting]) -> None:
        """Runs and commits a batch, again while that may help, and tells everybody what came of it."""
        until = time.monotonic() + PATIENCE
        while True:
            around = self._batch()
            self._runs(batch)
            try:
                outcomes = self._run(batch, around)
                if not self._may_commit():
                    self._undo()
                    return
                stored = self._commit(around, until)
            except Exception as error:
                failure, was_broken = self._recover(error)
                if time.monotonic() < until and (was_broken or failure in (Failure.RETRY, Failure.LOCKED)):
                    time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 - spreads load, guards nothing
                    continue
                self._refuse(batch, error, failure)
                return
            finally:
                self._runs([])
            if stored is None:
                tell([(each, Failed(OutcomeUnknown(each.work.group_id))) for each in batch])
            elif stored:
                self._succeed(batch, outcomes, around)
            elif time.monotonic() < until:
                continue
            else:
                fail(batch, Unavailable(_NOT_STORED))
            return

    def _run(self, batch: list[Waiting], around: Batch) -> list[Any]:
        """Everything up to the commit. What comes of each unit: its result, or `Failed`."""
        connection = self._connected()
        connection.begin()
        now = around.open(Transaction(connection))
        outcomes: list[Any] = []
        done: list[Work] = []
        for each in batch:
            tx = Transaction(connection, savepoints=True)
            try:
                outcomes.append(each.work.run(tx, now))
                done.append(each.work)
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
                outcomes.append(_LATER if failure is Failure.LOCKED else Failed(_named(error, failure)))
        around.seal(Transaction(connection), done)
        return outcomes

    def _commit(self, around: Batch, until: float) -> bool | None:
        """Commits. False: nothing was stored, and it may be tried again. None: nobody knows."""
        connection = self._connected()
        try:
            connection.commit()
        except Exception as error:
            if connection.failure(error) is not Failure.DATABASE:
                raise
            self._undo()
            self._lost(error)
            return self._find_out(around, until)
        return True

    def _find_out(self, around: Batch, until: float) -> bool | None:
        """Whether a commit happened whose answer was lost: known as soon as the lock that comes first is free."""
        until = max(until, time.monotonic() + PATIENCE / 2)
        while True:
            try:
                connection = self._connected()
                connection.begin()
                tx = Transaction(connection)
                around.open(tx)
                stored = around.is_stored(tx)
                connection.rollback()
            except Exception as error:
                failure, was_broken = self._recover(error)
                if failure is Failure.DATABASE or was_broken:
                    self._lost(error)
                if time.monotonic() > until:
                    log.error("outcome_unknown", error=self._database.told(error), database=self._database.shown())
                    return None
                time.sleep(0.05)
            else:
                return stored

    def _recover(self, error: Exception) -> tuple[Failure | None, bool]:
        """Leaves no transaction behind. What kind of failure it was, and whether it broke the connection: then all that
        is needed may be a new one, for nothing of the batch was stored."""
        connection = self._connection
        if connection is None:
            return Failure.DATABASE, False
        failure, was_broken = connection.failure(error), connection.broken
        self._undo()
        if was_broken:
            self._disconnect()
        return failure, was_broken

    def _refuse(self, batch: list[Waiting], error: Exception, failure: Failure | None) -> None:
        if (failure is None or not failure.passes) and len(batch) > 1:
            # One unit broke the transaction or the sealing of its batch: it must not take the others with it.
            for each in batch:
                self._settle([each])
            return
        if failure is Failure.DATABASE:
            self._lost(error)
        fail(batch, _named(error, failure))

    def _succeed(self, batch: list[Waiting], outcomes: list[Any], around: Batch) -> None:
        self._recovered()
        self.commits += 1
        self.units += len(batch)
        try:
            around.committed()
        except Exception:
            log.exception("after_commit_failed")
        settled = list(zip(batch, outcomes, strict=True))
        tell([(each, outcome) for each, outcome in settled if outcome is not _LATER])
        for each, outcome in settled:
            if outcome is _LATER:
                self._put_off(each)

    def _put_off(self, waiting: Waiting) -> None:
        """Work that met a lock of somebody else's is run again behind those who wait: they had to, long enough."""
        if self._closed or time.monotonic() - waiting.since > PATIENCE - LOCK_PATIENCE:
            fail([waiting], Unavailable(_LOCKED))
        else:
            self._queue.put(waiting)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connecting_since = time.monotonic()
            try:
                self._connection = self._database.connect()
            finally:
                self._connecting_since = None
        return self._connection

    def _undo(self) -> None:
        try:
            if self._connection is not None:
                self._connection.rollback()
        except Exception as error:
            self._lost(error)

    def _lost(self, error: Exception) -> None:
        if self.healthy:
            log.error("database_lost", error=self._database.told(error), database=self._database.shown())
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
            connection = self._connected()
            connection.begin()
            tx = Transaction(connection)
            tx.write(PROBE, content=b"\0" * 65_536)
            tx.write(UNPROBE)
            connection.commit()
            self._recovered()
        except Exception as error:
            log.warning("database_still_lost", error=self._database.told(error), database=self._database.shown())
            self._undo()
            self._lost(error)

    # Who may commit, and who gives up: shared by both threads

    def _runs(self, batch: list[Waiting]) -> None:
        with self._lock:
            self._running, self._committing = batch, False

    def _may_commit(self) -> bool:
        """False when everybody was told meanwhile that the batch is not stored."""
        with self._lock:
            self._committing = bool(self._running)
            return self._committing

    # The watcher's thread

    def _watch(self) -> None:
        while not self._ended.wait(_CHECK_EVERY):
            since = self._waiting_since()
            if since is not None and time.monotonic() - since > PATIENCE - _CHECK_EVERY:
                self._give_up()

    def _waiting_since(self) -> float | None:
        """When the step began that the database has not answered yet."""
        connection = self._connection
        return self._connecting_since or (connection.busy_since if connection else None)

    def _give_up(self) -> None:
        """The database hangs: those who wait for it are told so. A batch that is not committing yet will not be."""
        if self.healthy:
            log.error("database_hangs", database=self._database.shown())
        self.healthy = False
        with self._lock:
            batch, committing = self._running, self._committing
            self._running = []
        for each in batch:
            fail([each], OutcomeUnknown(each.work.group_id) if committing else Unavailable(_NOT_STORED))
        ending = False
        while True:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                ending = True
            else:
                fail([waiting], Unavailable(_NOT_STORED))
        if ending:
            self._queue.put(None)


_LATER = object()
"""The outcome of a unit that met a lock of somebody else's."""
_LOCKED = "Something else holds what this would change. Nothing was stored; try again soon."
_NOT_STORED = "The database cannot store the change now. Nothing was stored; try again in a moment."


def _named(error: Exception, failure: Failure | None) -> Exception:
    """What the one who asked is told. A defect of ours stays what it is."""
    named: Exception
    match failure:
        case Failure.REFERENCE:
            log.warning("reference_missing", error=str(error))
            named = Conflict("What this refers to was deleted meanwhile. Look again, then retry.")
        case Failure.LOCKED:
            named = Unavailable(_LOCKED)
        case Failure.RETRY | Failure.TIMEOUT | Failure.DATABASE:
            named = Unavailable(_NOT_STORED)
        case _:
            return error
    named.__cause__ = error
    return named
