"""Followers in memory: a state that is loaded with the log's position in one snapshot and then follows the log."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec
import structlog
from sqlalchemy import bindparam, select

from flagkeeper.eventlog.bell import Bell
from flagkeeper.eventlog.catalogue.event import Reach
from flagkeeper.eventlog.read import Epoch, epoch
from flagkeeper.eventlog.tables import events
from flagkeeper.kernel.errors import FlagkeeperError, Unavailable
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

log = structlog.get_logger("flagkeeper.follow")

BATCH = 500
REST = 0.02
"""Seconds between two looks at the log. While hundreds of commits a second ring the bell, one look takes in many."""
PATIENCE = 1.0
"""Seconds to wait for the bell before looking anyway, and between attempts after an error."""


class LogEvent(msgspec.Struct, frozen=True):
    """An event as followers see it: where it happened, and its payloads as JSON text."""

    id: int
    type: str
    created_at: int
    created_by: str
    created_by_user_id: int | None
    project: str | None
    environment: str | None
    feature_name: str | None
    data: str | None
    pre_data: str | None
    tags: str
    group_id: str | None
    subject: str
    reach: int


_COLUMNS = [events.c[name] for name in LogEvent.__struct_fields__]
_AFTER = select(*_COLUMNS).where(events.c.id > bindparam("position")).order_by(events.c.id).limit(bindparam("limit"))
_ALL_AFTER = Query(_AFTER, LogEvent)
_CLIENTS_AFTER = Query(_AFTER.where(events.c.reach == int(Reach.CLIENTS)), LogEvent)
_TYPES_AFTER = Query(_AFTER.where(any_of(events.c.type, "types")), LogEvent)


class Wants(msgspec.Struct, frozen=True):
    """Which events a follower is given: of these types, or all those that concern SDK clients, or simply all."""

    types: frozenset[str] | None = None
    clients_only: bool = False


def after(tx: Transaction, position: int, wants: Wants, limit: int = BATCH) -> list[LogEvent]:
    """The next events that a follower wants, oldest first."""
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

    def load(self, tx: Transaction, position: Epoch) -> None:
        """Builds the state from the tables, as of `position`."""
        ...

    def apply(self, tx: Transaction, batch: Sequence[LogEvent], position: Epoch) -> None:
        """Brings the state up to `position`; `batch` (perhaps empty) is what was wanted since the last one. `tx` sees
        the tables at `position` or a little later."""
        ...


class MemoryRunner:
    """Keeps one follower up to date for as long as the server runs."""

    def __init__(self, follower: MemoryFollower, reader: Reader, bell: Bell, *, rest: float = REST) -> None:
        self._follower = follower
        self._rest = rest
        self._reader = reader
        self._bell = bell
        self._at = Epoch("", 0)
        self._task: asyncio.Task[None] | None = None
        self._moved = asyncio.Condition()

    @property
    def name(self) -> str:
        return self._follower.name

    @property
    def position(self) -> int:
        """The id of the newest event that the follower has seen."""
        return self._at.last_id

    async def start(self, *, wait: bool = True) -> None:
        """Loads the state (in the background, with `wait` off); from here on it follows."""
        if wait:
            await self._reader.run(self._load)
        self._task = asyncio.create_task(self._follow(), name=f"follow-{self._follower.name}")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def reached(self, event_id: int, timeout: float = 5.0) -> None:
        """Returns once the follower has seen `event_id`.

        Raises:
            Unavailable: when that takes longer than `timeout` seconds.
        """
        if self.position >= event_id:
            return
        try:
            async with asyncio.timeout(timeout), self._moved:
                await self._moved.wait_for(lambda: self.position >= event_id)
        except TimeoutError as error:
            raise Unavailable(
                "The change is stored, but not yet visible everywhere. Read again in a moment."
            ) from error

    async def _follow(self) -> None:
        while True:
            try:
                loaded = bool(self._at.epoch)
                rung = loaded and await self._bell.wait(self.position, PATIENCE)
                before = self._at
                await self._reader.run(self._step)
                if self._at != before:
                    async with self._moved:
                        self._moved.notify_all()
                elif rung:
                    # The bell is ahead of the log: somebody put an older backup in its place.
                    await asyncio.sleep(PATIENCE / 10)
                await asyncio.sleep(self._rest)
            except Unavailable:
                await asyncio.sleep(PATIENCE)
            except FlagkeeperError as error:
                log.error("follower_failed", follower=self._follower.name, error=error.message)
                await asyncio.sleep(PATIENCE)
            except Exception:
                # Wrong state is worse than stale state: what cannot be applied is loaded anew.
                log.exception("follower_failed", follower=self._follower.name)
                await asyncio.sleep(PATIENCE)
                self._at = Epoch("", 0)

    def _load(self, tx: Transaction) -> None:
        now = epoch(tx)
        self._follower.load(tx, now)
        self._at = now

    def _step(self, tx: Transaction) -> None:
        now = epoch(tx)
        if now.epoch != self._at.epoch:
            self._load(tx)
            return
        if now.last_id == self._at.last_id:
            return
        batch = after(tx, self._at.last_id, self._follower.wants)
        reached = now if len(batch) < BATCH else Epoch(now.epoch, batch[-1].id)
        self._follower.apply(tx, batch, reached)
        self._at = reached
