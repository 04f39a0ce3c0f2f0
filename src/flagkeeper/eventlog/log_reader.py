"""The reader of the log: one for each process. Woken by the log signal, it reads what is new once for all."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from sqlalchemy import bindparam, select

from flagkeeper.eventlog.log_signal import LogSignal
from flagkeeper.eventlog.read import LOG_COLUMNS, LOG_POSITION, LogEvent, LogPosition, log_position
from flagkeeper.eventlog.tables import events
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.connection import DRIVER_ERRORS
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction
from flagkeeper.supervisor import SupervisedTask, Supervisor

BATCH = 500
REST, MOST_REST = 0.02, 0.06
"""Seconds between two reads of the log, for each event that the last one brought, and at most. While hundreds of
commits a second signal, one read takes in many: what a follower reads again, it reads once for all of them."""
POLL = 1.0
"""Seconds after which the log is read even without a signal."""

_AFTER = Query(
    select(*LOG_COLUMNS).where(events.c.id > bindparam("position")).order_by(events.c.id).limit(bindparam("limit")),
    LogEvent,
)

Listener = Callable[[Sequence[LogEvent]], None]
"""Told on the event loop of new events, each once; of none when it has to look for itself what it missed."""


class Subscriber(Protocol):
    """A follower in memory, as the reader of the log sees it."""

    @property
    def at(self) -> LogPosition | None:
        """How far it has come. None: it knows nothing, and gets nothing until it has loaded its state."""
        ...

    def take(self, tx: Transaction, batch: Sequence[LogEvent], reached: LogPosition) -> None:
        """Takes in what comes after `at`, on a reader's thread. Afterwards it is at `reached`."""
        ...

    def lose(self, error: Exception | None) -> None:
        """Its state cannot be brought up to date: `at` becomes None. `error`: what `take` raised."""
        ...

    def settle(self) -> None:
        """Called on the event loop after each read of the log."""
        ...


class LogReader:
    """Reads the log for as long as the server runs. Followers in memory get the events in the transaction in which they
    were read, so that the tables are those of then; listeners are told of them."""

    def __init__(
        self, reader: Reader, log_signal: LogSignal, supervisor: Supervisor, *, batch: int = BATCH, rest: float = REST
    ) -> None:
        self.reader = reader
        self.supervisor = supervisor
        self.poll: Callable[[], float] = lambda: POLL
        """How long to wait for the signal, at most."""
        self._log_signal = log_signal
        self._batch = batch
        self._rest = rest
        self._at = LogPosition("", 0)
        self._subscribers: list[Subscriber] = []
        self._listeners: list[Listener] = []
        self._passed = asyncio.Condition()
        self._hurried = asyncio.Event()
        self._task: SupervisedTask | None = None

    @property
    def position(self) -> int:
        """The newest event that was read."""
        return self._at.last_id

    def add(self, subscriber: Subscriber) -> None:
        """From now on it gets what comes after its position. The first ones get it first."""
        self._subscribers.append(subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        if subscriber in self._subscribers:
            self._subscribers.remove(subscriber)

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    async def start(self) -> None:
        self._at = await self.reader.run(log_position)
        self._task = self.supervisor.start("log-reader", self._run, vital=True)

    async def stop(self) -> None:
        if self._task is not None:
            await self._task.stop()

    async def beyond(self, position: int, timeout: float) -> bool:
        """Waits for an event newer than `position`. False: none came in so many seconds."""
        try:
            async with asyncio.timeout(timeout), self._passed:
                await self._passed.wait_for(lambda: self.position > position)
        except TimeoutError:
            return False
        return True

    def hurry(self) -> None:
        """Somebody waits for an event: until the next read, no more events are waited for."""
        self._hurried.set()

    async def _run(self) -> None:
        while True:
            await self._log_signal.wait(self.position, self.poll())
            self._hurried.clear()
            before = self.position
            while await self.read_on():
                pass
            await self._pause(self.position - before)

    async def _pause(self, events: int) -> None:
        await asyncio.sleep(self._rest)
        if events > 1:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(MOST_REST, self._rest * events) - self._rest):
                    await self._hurried.wait()

    async def read_on(self) -> bool:
        """Reads what is new, a batch at most. True when there is more."""
        heard, before = self._log_signal.last_id, self._at
        news: list[LogEvent] | None = None
        try:
            news, head = await self.reader.run(self._read)
        finally:
            for subscriber in self._subscribers:
                subscriber.settle()
        self._log_signal.correct(heard, head)
        if news is None or news:
            for listener in list(self._listeners):
                listener(news or [])
        if self._at != before:
            async with self._passed:
                self._passed.notify_all()
        return self._at.last_id < head

    def _read(self, tx: Transaction) -> tuple[list[LogEvent] | None, int]:
        """What is new since the last read (None: some of it cannot be found out here), and the end of the log."""
        present = [(each, at) for each in self._subscribers if (at := each.at) is not None]
        start = min([self.position, *(at.last_id for _, at in present)])
        (head,), found = tx.together((LOG_POSITION, {}), (_AFTER, {"position": start, "limit": self._batch}))
        reached = LogPosition(head.epoch, found[-1].id if len(found) == self._batch else head.last_id)
        first = found[0].id if found else head.last_id + 1
        """Everything before it is not in the table any more: archived, where ids have no holes."""
        for subscriber, at in present:
            if at.epoch != head.epoch or at.last_id > head.last_id or at.last_id < first - 1:
                subscriber.lose(None)
            elif at.last_id < reached.last_id:
                self._hand(tx, subscriber, [event for event in found if event.id > at.last_id], reached)
        at, self._at = self._at, reached
        if at.epoch != head.epoch or at.last_id > head.last_id or at.last_id < first - 1:
            return None, head.last_id
        return [event for event in found if event.id > at.last_id], head.last_id

    def _hand(self, tx: Transaction, subscriber: Subscriber, batch: Sequence[LogEvent], reached: LogPosition) -> None:
        try:
            subscriber.take(tx, batch, reached)
        except Exception as error:
            # Wrong state is worse than stale state: what cannot be applied is loaded anew, by itself.
            if isinstance(error, DRIVER_ERRORS):
                # The transaction is over for the others as well: they get theirs with the next read.
                lost = Unavailable("The database refused what a follower of the log asked.")
                lost.__cause__ = error
                subscriber.lose(lost)
                raise lost from error
            subscriber.lose(error)
