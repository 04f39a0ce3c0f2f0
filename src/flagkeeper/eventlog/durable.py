"""Durable followers: they write tables of their own, and move their position in the same transaction."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import structlog
from sqlalchemy import bindparam, insert, select, update

from flagkeeper.eventlog.bell import Bell
from flagkeeper.eventlog.catalogue.own import FlagkeeperEventQuarantined, QuarantineData
from flagkeeper.eventlog.follow import PATIENCE, REST, LogEvent, Wants, after
from flagkeeper.eventlog.read import epoch
from flagkeeper.eventlog.tables import log_followers, log_quarantine
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import Conflict, Unavailable
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.storage import leases
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

log = structlog.get_logger("flagkeeper.durable")

BATCH = 200
MOST_FAILURES = 5
"""Attempts before an event is put into quarantine."""
LEASE = 8 * clock.SECOND
"""How long a follower that vanished keeps others from taking over."""


class DurableFollower(Protocol):
    """Reads the log and writes tables of its own. `handle` may be run again for the same events until it is committed,
    and must do nothing slow."""

    name: str
    wants: Wants

    def handle(self, tx: Transaction, batch: Sequence[LogEvent]) -> None: ...


_POSITION = Query(
    select(log_followers.c.position, log_followers.c.failures).where(log_followers.c.name == bindparam("follower")),
    lambda position, failures: (int(position), int(failures)),
)
_CREATE = Write[Any](upsert(log_followers, key=["name"]))
_MOVE = Write[Any](
    update(log_followers)
    .where(log_followers.c.name == bindparam("follower"), log_followers.c.position == bindparam("expected"))
    .values(position=bindparam("reached"), failures=0)
)
_FAILED = Write[Any](
    update(log_followers)
    .where(log_followers.c.name == bindparam("follower"))
    .values(failures=log_followers.c.failures + 1)
)
_QUARANTINE = Write[Any](insert(log_quarantine))


def position_of(tx: Transaction, follower: str) -> int:
    """How far a durable follower has come; 0 before it ever ran."""
    found = tx.first(_POSITION, follower=follower)
    return found[0] if found else 0


class DurableRunner:
    """Runs one durable follower, in whichever process holds its lease."""

    def __init__(self, follower: DurableFollower, units: Units, reader: Reader, bell: Bell) -> None:
        self._follower = follower
        self._units = units
        self._reader = reader
        self._bell = bell
        self._holder = new_ulid()
        self._leased_until = 0
        self._size = BATCH
        """Events per transaction: halved by a failure, doubled by a success, so that a bad event ends up alone."""
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._follow(), name=f"durable-{self._follower.name}")

    async def stop(self) -> None:
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._leased_until:
            try:
                await self._units.run(SYSTEM, lambda unit: leases.release(unit.tx, self._lease, self._holder))
            except Unavailable as error:
                # The database is away: the lease runs out by itself, and the end of this server must not wait for it.
                log.warning("lease_not_released", follower=self._follower.name, error=error.message)

    @property
    def _lease(self) -> str:
        return f"follower/{self._follower.name}"

    async def _follow(self) -> None:
        rung, pause = False, PATIENCE / 10
        while True:
            try:
                await self._hold_lease()
                moved, position = await self.step()
                pause = PATIENCE / 10
                if not moved and rung:
                    # The bell is ahead of the log: somebody put an older backup in its place.
                    await asyncio.sleep(PATIENCE / 10)
                await asyncio.sleep(REST)
                rung = not moved and await self._bell.wait(position, PATIENCE)
            except (Unavailable, Conflict) as error:
                log.warning("follower_waits", follower=self._follower.name, error=error.message)
                await asyncio.sleep(PATIENCE)
            except Exception:
                log.exception("follower_failed", follower=self._follower.name)
                await asyncio.sleep(pause)
                pause = min(2 * pause, PATIENCE)

    async def _hold_lease(self) -> None:
        while clock.now() > self._leased_until - LEASE // 2:
            now = clock.now()
            if await self._units.run(
                SYSTEM, lambda unit: leases.take(unit.tx, self._lease, self._holder, unit.now, LEASE)
            ):
                self._leased_until = now + LEASE
                return
            self._leased_until = 0
            await asyncio.sleep(PATIENCE)

    async def step(self) -> tuple[bool, int]:
        """Handles what is next. True when the position moved, and the position.

        Raises:
            Conflict: another process moved the position meanwhile.
        """
        position, failures, batch, reached = await self._reader.run(self._next)
        if reached == position:
            return False, position
        try:
            await self._units.run(SYSTEM, self._advance, position, reached, batch)
        except (Unavailable, Conflict):
            raise
        except Exception as error:
            if len(batch) == 1 and failures + 1 >= MOST_FAILURES:
                await self._units.run(SYSTEM, self._give_up, position, batch[0], f"{type(error).__name__}: {error}")
                log.error("event_quarantined", follower=self._follower.name, event_id=batch[0].id, error=str(error))
                return True, reached
            self._size = max(1, len(batch) // 2)
            await self._units.run(SYSTEM, self._count_failure)
            raise
        self._size = min(BATCH, self._size * 2)
        return True, reached

    def _next(self, tx: Transaction) -> tuple[int, int, list[LogEvent], int]:
        position, failures = tx.first(_POSITION, follower=self._follower.name) or (0, 0)
        last_id = epoch(tx).last_id
        batch = after(tx, position, self._follower.wants, self._size)
        return position, failures, batch, last_id if len(batch) < self._size else batch[-1].id

    def _advance(self, unit: Unit, position: int, reached: int, batch: Sequence[LogEvent]) -> None:
        self._move(unit.tx, position, reached)
        self._follower.handle(unit.tx, batch)

    def _move(self, tx: Transaction, position: int, reached: int) -> None:
        if position == 0:
            tx.write(_CREATE, name=self._follower.name, position=0, failures=0)
        if not tx.write(_MOVE, follower=self._follower.name, expected=position, reached=reached):
            raise Conflict(f"The position of {self._follower.name} was moved by another process.")

    def _count_failure(self, unit: Unit) -> None:
        unit.tx.write(_CREATE, name=self._follower.name, position=0, failures=0)
        unit.tx.write(_FAILED, follower=self._follower.name)

    def _give_up(self, unit: Unit, position: int, event: LogEvent, error: str) -> None:
        self._move(unit.tx, position, event.id)
        unit.tx.write(
            _QUARANTINE, follower=self._follower.name, event_id=event.id, error=error[:2000], created_at=unit.now
        )
        unit.record(
            FlagkeeperEventQuarantined(
                data=QuarantineData(follower=self._follower.name, event_id=event.id, error=error[:2000])
            )
        )
