"""Archiving and pseudonymising in the background. The work blocks, so it has a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import structlog

from flagkeeper.eventlog.archive.archiver import Archiver, Moved, Needs, Policy, Progress
from flagkeeper.eventlog.archive.check import Report, check
from flagkeeper.eventlog.archive.place import Place
from flagkeeper.eventlog.archive.pseudonymiser import Elsewhere, Means, Reindex, put_in_place
from flagkeeper.eventlog.archive.pseudonyms import Pseudonym
from flagkeeper.eventlog.archive.turn import demand_no_hold
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.retention import queries
from flagkeeper.features.users.queries import names_in_use
from flagkeeper.kernel.actor import SYSTEM, Actor
from flagkeeper.kernel.errors import Conflict, FlagkeeperError, InvalidOperation
from flagkeeper.storage.reader import Reader

ARCHIVE_EVERY = 3600.0
GO_ON_EVERY = 60.0
LONGEST = 6 * 3600.0
"""Seconds that a run may take; what is left is for the next one."""
ENOUGH = 1_000
"""Events for which a scheduled run makes a segment: fewer, every hour, would become a heap of small files."""

log = structlog.get_logger("flagkeeper.retention")
R = TypeVar("R")


class Retention:
    """What keeps the log for years, as one part of the server.

    Args:
        place: where old events go; None when no archive is configured.
        needs: who still needs events in the database.
        elsewhere: tables outside the log that hold names of people.
    """

    def __init__(
        self,
        *,
        units: Units,
        reader: Reader,
        place: Place | None,
        policy: Policy,
        needs: Sequence[Needs],
        elsewhere: Sequence[Elsewhere],
        reindex: Reindex | None,
    ) -> None:
        self.place = place
        self.policy = policy
        self._units = units
        self._reader = reader
        self._needs = needs
        self._means = Means(place, units, reader, names_in_use, elsewhere, reindex)
        self._stopping = threading.Event()
        self._running: set[asyncio.Task[None]] = set()
        """What was begun in the background."""
        self._working: set[asyncio.Task[Any]] = set()
        """What is on a thread now: that, and scheduled runs."""

    # For the command line, which waits.

    def archive_now(self, actor: Actor, progress: Progress, *, at_least: int = 1) -> Moved:
        """Raises `InvalidOperation` when no archive is configured, and what `Archiver.run` does."""
        archiver = Archiver(
            place=self._demand_place(), units=self._units, reader=self._reader, policy=self.policy, needs=self._needs
        )
        return archiver.run(actor, at_least=at_least, progress=progress, stopped=self._stopping.is_set)

    def check_now(self, progress: Progress) -> Report:
        """Raises `InvalidOperation` when no archive is configured, and what `check` does."""
        return check(self._demand_place(), self._reader, progress)

    def pseudonymise_now(self, pseudonym: str, progress: Progress) -> Pseudonym | None:
        """Raises what `put_in_place` does."""
        return put_in_place(self._means, pseudonym, progress)

    # For the server, which does not.

    async def archive(self) -> None:
        """To be run every hour."""
        if self.place is None or not self.policy.lets_go:
            return
        if await self._reader.run(queries.holds):
            return
        await self._on_thread(partial(self.archive_now, SYSTEM, _silently, at_least=ENOUGH))

    def is_busy(self) -> bool:
        """Whether this process archives, or puts a pseudonym in place."""
        return bool(self._working or self._running)

    async def go_on(self) -> None:
        """Goes on with pseudonyms that a process left unfinished; to be run every minute."""
        if await self._reader.run(queries.holds):
            return
        for each in await self._reader.run(queries.unfinished):
            await self._on_thread(partial(self.pseudonymise_now, each.pseudonym, _silently))

    async def begin_archiving(self, actor: Actor) -> None:
        """Starts a run in the background.

        Raises:
            InvalidOperation: no archive is configured, or there is no policy.
            Conflict: a run is under way here, or a legal hold stands.
        """
        self._demand_place()
        if not self.policy.lets_go:
            raise InvalidOperation("Nothing says which events may go: set FLAGKEEPER_LOG_KEEP_DAYS or _KEEP_EVENTS.")
        demand_no_hold(await self._reader.run(queries.holds))
        if self.is_busy():
            raise Conflict("The archive is being changed already. Its state says when that has ended.")
        self._begin(partial(self.archive_now, actor, _silently))

    def begin_pseudonymising(self, pseudonym: str) -> None:
        """Starts it in the background. What fails is tried again by `go_on`."""
        self._begin(partial(self.pseudonymise_now, pseudonym, _silently))

    async def stop(self) -> None:
        """Ends what runs after its present step; it is gone on with later."""
        self._stopping.set()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _demand_place(self) -> Place:
        if self.place is None:
            raise InvalidOperation("There is no archive: set FLAGKEEPER_ARCHIVE to a directory or an s3:// address.")
        return self.place

    def _begin(self, work: Callable[[], object]) -> None:
        task = asyncio.create_task(self._quietly(work), name="retention")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _quietly(self, work: Callable[[], object]) -> None:
        try:
            await self._on_thread(work)
        except FlagkeeperError as error:
            log.warning("retention_waits", error=error.message)
        except Exception:
            log.exception("retention_failed")

    async def _on_thread(self, work: Callable[[], R]) -> R:
        """Runs `work`. When this is cancelled, the work ends after its present step, and only then does this return."""
        task = asyncio.ensure_future(asyncio.to_thread(work))
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._stopping.set()
            await asyncio.gather(task, return_exceptions=True)
            raise


def _silently(_done: int, _total: int) -> None:
    """Nobody looks."""
