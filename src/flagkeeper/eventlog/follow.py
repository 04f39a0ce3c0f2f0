"""Followers in memory: a state that is loaded with the log's position in one snapshot and then follows the log."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

import msgspec
from sqlalchemy import bindparam, select

from flagkeeper.eventlog.catalogue.event import Reach
from flagkeeper.eventlog.log_reader import BATCH, LogReader
from flagkeeper.eventlog.read import LOG_COLUMNS, LogEvent, LogPosition, log_position
from flagkeeper.eventlog.tables import events
from flagkeeper.eventlog.unit import Receipt
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction
from flagkeeper.supervisor import SupervisedTask

_AFTER = select(*LOG_COLUMNS).where(events.c.id > bindparam("position")).order_by(events.c.id).limit(bindparam("limit"))
_ALL_AFTER = Query(_AFTER, LogEvent)
_CLIENTS_AFTER = Query(_AFTER.where(events.c.reach == int(Reach.CLIENTS)), LogEvent)
_TYPES_AFTER = Query(_AFTER.where(any_of(events.c.type, "types")), LogEvent)


class Wants(msgspec.Struct, frozen=True):
    """Which events a follower is given: of these types, or all those that concern SDK clients, or simply all."""

    types: frozenset[str] | None = None
    clients_only: bool = False

    def any_of(self, types: AbstractSet[str]) -> bool:
        """Whether events of some of these types may be among them."""
        return self.types is None or not self.types.isdisjoint(types)

    def includes(self, event: LogEvent) -> bool:
        if self.clients_only:
            return event.reach == Reach.CLIENTS
        return self.types is None or event.type in self.types


def after(tx: Transaction, position: int, wants: Wants, limit: int = BATCH) -> list[LogEvent]:
    """The next events in the database that a follower wants, oldest first."""
    if wants.clients_only:
        return tx.all(_CLIENTS_AFTER, position=position, limit=limit)
    if wants.types is not None:
        return tx.all(_TYPES_AFTER, position=position, limit=limit, types=sorted(wants.types))
    return tx.all(_ALL_AFTER, position=position, limit=limit)


class MemoryFollower(Protocol):
    """A view of the database that is kept in memory. Both methods run on a reader's thread: they build what is new
    and put it in place by assignment, so that the event loop sees the old state or the new one."""

    name: str
    wants: Wants

    def load(self, tx: Transaction, position: LogPosition) -> None:
        """Builds the state from the tables, as of `position`."""
        ...

    def apply(self, tx: Transaction, batch: Sequence[LogEvent], position: LogPosition) -> None:
        """Brings the state up to `position`; `batch` (perhaps empty) is what was wanted since the last one. `tx` sees
        the tables at `position` or a little later."""
        ...


class MemoryRunner:
    """Keeps one follower up to date for as long as the server runs: loads it, and hands it what the reader of the log
    reads. When its next event is no longer in the database, or it fails, it is loaded anew; others go on."""

    def __init__(self, follower: MemoryFollower, log_reader: LogReader) -> None:
        self._follower = follower
        self._log_reader = log_reader
        self._position = 0
        self._error: Exception | None = None
        self._lost = asyncio.Event()
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._task: SupervisedTask | None = None
        self.at: LogPosition | None = None
        """How far its state has come; None while it is to be loaded."""

    @property
    def name(self) -> str:
        return self._follower.name

    @property
    def position(self) -> int:
        """The id of the newest event that the follower has seen."""
        return self._position

    @property
    def is_loaded(self) -> bool:
        return self.at is not None

    async def start(self, *, wait: bool = True) -> None:
        """Loads the state (in the background, with `wait` off); from here on it follows."""
        if wait:
            await self._load_now()
        self._task = self._log_reader.supervisor.start(f"follower-{self.name}", self._stay_loaded)
        self._log_reader.add(self)

    async def stop(self) -> None:
        self._log_reader.remove(self)
        if self._task is not None:
            await self._task.stop()

    async def seen(self, receipt: Receipt) -> None:
        """Returns once the follower has seen what it wants of a commit.

        Raises:
            Unavailable: when that takes longer than five seconds.
        """
        if self._follower.wants.any_of(receipt.types):
            await self.reached(receipt.last_id)

    async def reached(self, event_id: int, timeout: float = 5.0) -> None:
        """Returns once the follower has seen `event_id`.

        Raises:
            Unavailable: when that takes longer than `timeout` seconds.
        """
        if self.position >= event_id:
            return
        arrived = asyncio.get_running_loop().create_future()
        self._waiters.append((event_id, arrived))
        self._log_reader.hurry()
        try:
            async with asyncio.timeout(timeout):
                await arrived
        except TimeoutError as error:
            raise Unavailable(
                "The change is stored, but not yet visible everywhere. Read again in a moment."
            ) from error
        finally:
            self._waiters = [(wanted, each) for wanted, each in self._waiters if each is not arrived]

    def load(self, tx: Transaction) -> None:
        """Builds the state anew, as of the end of the log."""
        now = log_position(tx)
        self._follower.load(tx, now)
        self._reach(now)

    def take(self, tx: Transaction, batch: Sequence[LogEvent], reached: LogPosition) -> None:
        wants = self._follower.wants
        self._follower.apply(tx, [event for event in batch if wants.includes(event)], reached)
        self._reach(reached)

    def lose(self, error: Exception | None) -> None:
        self.at, self._error = None, error

    def settle(self) -> None:
        if self.at is None:
            self._lost.set()
        for wanted, arrived in self._waiters:
            if wanted <= self.position and not arrived.done():
                arrived.set_result(None)

    def _reach(self, reached: LogPosition) -> None:
        self.at = reached
        self._position = reached.last_id

    async def _stay_loaded(self) -> None:
        """Loads the state whenever it is lost. What a follower failed with is raised here, where it makes us wait."""
        while True:
            error, self._error = self._error, None
            if error is not None:
                raise error
            if self.at is None:
                await self._load_now()
            self._lost.clear()
            if self.at is not None:
                await self._lost.wait()

    async def _load_now(self) -> None:
        await self._log_reader.reader.run(self.load)
        self.settle()
