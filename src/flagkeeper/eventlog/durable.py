"""Durable followers: they write tables of their own, and move their position in the same transaction."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec
import structlog
from sqlalchemy import bindparam, func, insert, select, update

from flagkeeper.eventlog.catalogue.own import FlagkeeperEventQuarantined, QuarantineData
from flagkeeper.eventlog.follow import Wants, after
from flagkeeper.eventlog.lease_holder import LeaseHolder
from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.eventlog.read import LOG_POSITION, LogEvent, LogRows
from flagkeeper.eventlog.tables import events, log_followers, log_quarantine
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.leases import LeaseLost
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction
from flagkeeper.supervisor import SupervisedTask

log = structlog.get_logger("flagkeeper.durable")

BATCH, LARGEST_BATCH = 200, 1_000
"""Events of one step: usually, and of followers that only add them up, which take a few milliseconds for so many."""
MOST_FAILURES = 5
"""Attempts at an event by itself before it is put into quarantine."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds between such attempts: twice as many each time."""
LEASE = 7 * clock.SECOND
"""How long a follower that vanished keeps others from taking over."""
LEASE_CHECK = 1.0
"""Seconds between looks at whether the lease of another process has ended."""
LAZY = 1.0
"""Seconds that events which are not urgent may wait, so that many of them are one step."""


class PositionMoved(Exception):
    """Another process moved the position of this follower meanwhile: nothing of ours is committed."""


class DurableFollower(Protocol):
    """Reads the log and writes tables of its own."""

    name: str
    wants: Wants

    def is_urgent(self, event: LogEvent) -> bool:
        """Whether an event that is wanted is handled at once. Others may wait a second."""
        ...

    def handle(self, tx: Transaction, batch: Sequence[LogEvent]) -> Callable[[], None] | None:
        """May be run again for the same events until it is committed, and must do nothing slow. What it returns is
        called on the event loop after the commit."""
        ...


class Next(msgspec.Struct, frozen=True):
    """The next step of a follower: from its position, over the wanted events of `batch`, to `reached`."""

    position: int
    failures: int
    batch: list[LogEvent]
    reached: int
    end: int
    """Of the log, when this was read."""


_POSITION = Query(
    select(log_followers.c.position, log_followers.c.failures).where(log_followers.c.name == bindparam("follower")),
    lambda position, failures: (int(position), int(failures)),
)
_OLDEST = Query(select(func.min(events.c.id)), lambda event_id: event_id and int(event_id))
_CREATE = Write[Any](upsert(log_followers, key=["name"]))
_AT = (log_followers.c.name == bindparam("follower"), log_followers.c.position == bindparam("expected"))
_MOVE = Write[Any](update(log_followers).where(*_AT).values(position=bindparam("reached"), failures=0))
_FAILED = Write[Any](update(log_followers).where(*_AT).values(failures=log_followers.c.failures + 1))
_QUARANTINE = Write[Any](insert(log_quarantine))


def position_of(tx: Transaction, follower: str) -> int:
    """How far a durable follower has come; 0 before it ever ran."""
    found = tx.first(_POSITION, follower=follower)
    return found[0] if found else 0


class DurableRunner:
    """Runs one durable follower, in whichever process holds its lease.

    Args:
        rows: events that have left the database.
        batch: events of one transaction, at most.
        lease: milliseconds.
    """

    def __init__(
        self,
        follower: DurableFollower,
        units: Units,
        reader: Reader,
        log_reader: LogReader,
        *,
        rows: LogRows | None = None,
        batch: int = BATCH,
        lease: clock.Millis = LEASE,
    ) -> None:
        self._follower = follower
        self._units = units
        self._reader = reader
        self._log_reader = log_reader
        self._rows = rows or LogRows()
        self._lease = lease
        self._holder = LeaseHolder(f"follower/{follower.name}", units, reader)
        self._batch = self._size = batch
        """Events per transaction: halved by a failure, doubled by a success, so that a bad event ends up alone."""
        self._position = 0
        self._end = 0
        """Of the log, at the last step."""
        self._pause = FIRST_PAUSE
        self._woken = asyncio.Event()
        self._task: SupervisedTask | None = None

    async def start(self) -> None:
        self._log_reader.listen(self._hear)
        self._task = self._log_reader.supervisor.start(f"durable-{self._follower.name}", self._follow)

    async def stop(self) -> None:
        """Gives the lease back, so that another process goes on at once."""
        self._log_reader.unlisten(self._hear)
        if self._task is not None:
            await self._task.stop()
        await self._holder.release()

    async def step(self) -> bool:
        """Handles what is next, if the lease can be had. True when there may be more.

        Raises:
            PositionMoved, LeaseLost: another process is at it.
        """
        if not await self._holder.ensure(self._lease):
            return False
        following = await self._reader.run(self._next)
        self._position, self._end = following.position, following.end
        if following.reached == following.position:
            return False
        try:
            committed = await self._units.run(SYSTEM, self._advance, following)
        except (Unavailable, PositionMoved, LeaseLost):
            raise
        except Exception as error:
            await self._fail(following, error)
            return True
        self._position = following.reached
        self._size = min(self._batch, self._size * 2)
        self._pause = FIRST_PAUSE
        if committed is not None:
            committed()
        return True

    def _hear(self, news: Sequence[LogEvent]) -> None:
        wants, is_urgent = self._follower.wants, self._follower.is_urgent
        at = self._position
        if not news or any(event.id > at and wants.includes(event) and is_urgent(event) for event in news):
            self._woken.set()

    async def _follow(self) -> None:
        while True:
            self._woken.clear()
            try:
                # What is recorded meanwhile waits for its signal: a log that grows all the time would be followed
                # event by event, each with a commit of its own.
                while await self.step() and self._position < self._end:
                    pass
            except (PositionMoved, LeaseLost) as error:
                log.warning("follower_superseded", follower=self._follower.name, error=str(error))
                self._holder.forget()
            await self._rest()

    async def _rest(self) -> None:
        """Until there is something to do: as the holder, when the log has grown; else when the lease may be free."""
        if not self._holder.left:
            await asyncio.sleep(LEASE_CHECK * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load, guards nothing
            return
        while not self._woken.is_set() and self._holder.left:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAZY):
                    await self._woken.wait()
            if self._log_reader.position != self._position or not await self._holder.ensure(self._lease):
                return

    async def _fail(self, following: Next, error: Exception) -> None:
        """Splits a batch that failed; an event that fails by itself is tried again, and in the end put aside."""
        if not following.batch:
            raise error
        self._log_reader.supervisor.failures[f"durable-{self._follower.name}"] += 1
        about = {"follower": self._follower.name, "event_id": following.batch[0].id}
        if len(following.batch) > 1:
            log.warning("batch_failed", **about, events=len(following.batch), error=f"{type(error).__name__}: {error}")
            self._size = max(1, len(following.batch) // 2)
            return
        self._size = 1
        if following.failures + 1 >= MOST_FAILURES:
            await self._units.run(SYSTEM, self._give_up, following, f"{type(error).__name__}: {error}")
            log.error("event_quarantined", **about, exc_info=error)
            self._pause = FIRST_PAUSE
            return
        log.warning("event_failed", **about, attempt=following.failures + 1, exc_info=error)
        await self._units.run(SYSTEM, self._count_failure, following)
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _next(self, tx: Transaction) -> Next:
        (head,), at, (oldest,) = tx.together(
            (LOG_POSITION, {}), (_POSITION, {"follower": self._follower.name}), (_OLDEST, {})
        )
        position, failures = at[0] if at else (0, 0)
        if position >= head.last_id:
            return Next(position, failures, [], position, position)
        archived = (oldest or head.last_id + 1) - 1
        if position < archived:
            reached = min(position + self._size, archived)
            old = self._rows.archived(tx, position + 1, reached)
            wanted = [event for event in old if self._follower.wants.includes(event)]
            return Next(position, failures, wanted, reached, head.last_id)
        batch = after(tx, position, self._follower.wants, self._size)
        reached = head.last_id if len(batch) < self._size else batch[-1].id
        return Next(position, failures, batch, reached, head.last_id)

    def _advance(self, unit: Unit, following: Next) -> Callable[[], None] | None:
        self._move(unit, following)
        return self._follower.handle(unit.tx, following.batch) if following.batch else None

    def _move(self, unit: Unit, following: Next) -> None:
        self._holder.confirm(unit)
        expected, name = following.position, self._follower.name
        if expected == 0:
            unit.tx.write(_CREATE, name=name, position=0, failures=0)
        if not unit.tx.write(_MOVE, follower=name, expected=expected, reached=following.reached):
            raise PositionMoved(f"the position of {name} is no longer {expected}")

    def _count_failure(self, unit: Unit, following: Next) -> None:
        self._holder.confirm(unit)
        unit.tx.write(_CREATE, name=self._follower.name, position=0, failures=0)
        unit.tx.write(_FAILED, follower=self._follower.name, expected=following.position)

    def _give_up(self, unit: Unit, following: Next, error: str) -> None:
        self._move(unit, following)
        (event,) = following.batch
        unit.tx.write(
            _QUARANTINE, follower=self._follower.name, event_id=event.id, error=error[:2000], created_at=unit.now
        )
        unit.record(
            FlagkeeperEventQuarantined(
                data=QuarantineData(follower=self._follower.name, event_id=event.id, error=error[:2000])
            )
        )
