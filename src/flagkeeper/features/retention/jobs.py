"""Archiving and pseudonymising in the background. The work blocks, so it has a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import structlog

from flagkeeper.eventlog.archive.archiver import Archiver, Moved, OldestNeeded, RetentionPolicy
from flagkeeper.eventlog.archive.blob_store import BlobStore
from flagkeeper.eventlog.archive.check import Report, check
from flagkeeper.eventlog.archive.lease import demand_no_hold
from flagkeeper.eventlog.archive.pseudonymiser import NamesOutsideLog, PseudonymContext, Reindex, put_in_place
from flagkeeper.eventlog.archive.pseudonyms import Pseudonym
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.retention import queries
from flagkeeper.features.users.queries import names_in_use
from flagkeeper.kernel import threads
from flagkeeper.kernel.actor import SYSTEM, Actor
from flagkeeper.kernel.errors import Conflict, FlagkeeperError, InvalidOperation, Unavailable
from flagkeeper.kernel.progress import Progress
from flagkeeper.storage.reader import Reader

ARCHIVE_EVERY = 3600.0
GO_ON_EVERY = 60.0
LONGEST = 6 * 3600.0
"""Seconds that a run may take; what is left is for the next one."""
LAST_STEP = 3.0
"""Seconds that a run gets to end after its present step."""
ENOUGH = 1_000
"""Events for which a scheduled run makes a segment: fewer, every hour, would become a heap of small files."""

log = structlog.get_logger("flagkeeper.retention")
R = TypeVar("R")
Work = Callable[[threading.Event], R]
"""It ends early when the event is set."""


class Retention:
    """What keeps the log for years, as one part of the server.

    Args:
        blobs: where old events go; None when no archive is configured.
        needs: who still needs events in the database.
        elsewhere: tables outside the log that hold names of people.
    """

    def __init__(
        self,
        *,
        units: Units,
        reader: Reader,
        blobs: BlobStore | None,
        policy: RetentionPolicy,
        needs: Sequence[OldestNeeded],
        elsewhere: Sequence[NamesOutsideLog],
        reindex: Reindex | None,
    ) -> None:
        self.blobs = blobs
        self.policy = policy
        self._units = units
        self._reader = reader
        self._needs = needs
        self._context = PseudonymContext(blobs, units, reader, names_in_use, elsewhere, reindex)
        self._running: set[asyncio.Task[None]] = set()
        """What was begun in the background."""
        self._working: set[asyncio.Future[Any]] = set()
        """What is on a thread now: that, and scheduled runs."""

    # For the command line, which waits.

    def archive_now(
        self,
        units: Units,
        actor: Actor,
        progress: Progress,
        *,
        at_least: int = 1,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Moved:
        """Raises `InvalidOperation` when no archive is configured, and what `Archiver.run` does."""
        archiver = Archiver(
            blobs=self._demand_blob_store(),
            units=units,
            reader=self._reader,
            policy=self.policy,
            needs=self._needs,
        )
        return archiver.run(actor, at_least=at_least, progress=progress, stopped=stopped)

    def check_now(self, progress: Progress) -> Report:
        """Raises `InvalidOperation` when no archive is configured, and what `check` does."""
        return check(self._demand_blob_store(), self._reader, progress)

    def pseudonymise_now(self, pseudonym: str, progress: Progress) -> Pseudonym | None:
        """Raises what `put_in_place` does."""
        return put_in_place(self._context, pseudonym, progress)

    # For the server, which does not.

    async def archive(self) -> None:
        """To be run every hour."""
        if self.blobs is None or not self.policy.lets_go:
            return
        if await self._reader.run(queries.holds):
            return
        await self._on_thread(partial(self._archive, self._units, SYSTEM, ENOUGH))

    def is_busy(self) -> bool:
        """Whether this process archives, or puts a pseudonym in place."""
        return bool(self._working or self._running)

    async def go_on(self) -> None:
        """Goes on with pseudonyms that a process left unfinished; to be run every minute."""
        if await self._reader.run(queries.holds):
            return
        for each in await self._reader.run(queries.unfinished):
            await self._on_thread(partial(self._pseudonymise, each.pseudonym))

    async def begin_archiving(self, units: Units, actor: Actor) -> None:
        """Starts a run in the background, with the context that `units` have.

        Raises:
            InvalidOperation: no archive is configured, or there is no policy.
            Conflict: a run is under way here, or a legal hold stands.
        """
        self._demand_blob_store()
        if not self.policy.lets_go:
            raise InvalidOperation("Nothing says which events may go: set FLAGKEEPER_LOG_KEEP_DAYS or _KEEP_EVENTS.")
        demand_no_hold(await self._reader.run(queries.holds))
        if self.is_busy():
            raise Conflict("The archive is being changed already. Its state says when that has ended.")
        self._begin(partial(self._archive, units, actor, 1))

    def begin_pseudonymising(self, pseudonym: str) -> None:
        """Starts it in the background. What fails is tried again by `go_on`."""
        self._begin(partial(self._pseudonymise, pseudonym))

    async def stop(self) -> None:
        """Ends what runs after its present step; it is gone on with later."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _archive(self, units: Units, actor: Actor, at_least: int, stop: threading.Event) -> Moved:
        return self.archive_now(units, actor, _silently, at_least=at_least, stopped=stop.is_set)

    def _pseudonymise(self, pseudonym: str, stop: threading.Event) -> None:
        def progress(_done: int, _total: int) -> None:
            if stop.is_set():
                raise Unavailable(f"The pseudonym {pseudonym} is gone on with later.")

        self.pseudonymise_now(pseudonym, progress)

    def _demand_blob_store(self) -> BlobStore:
        if self.blobs is None:
            raise InvalidOperation("There is no archive: set FLAGKEEPER_ARCHIVE to a directory or an s3:// address.")
        return self.blobs

    def _begin(self, work: Work[object]) -> None:
        task = asyncio.create_task(self._quietly(work), name="retention")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _quietly(self, work: Work[object]) -> None:
        try:
            await self._on_thread(work)
        except FlagkeeperError as error:
            log.warning("retention_waits", error=error.message)
        except Exception:
            log.exception("retention_failed")

    async def _on_thread(self, work: Work[R]) -> R:
        """Runs `work` on a thread of its own. When this is cancelled, the work is told to end after its present step,
        and waited for; but not for long, because it may be the store that holds it up."""
        stop = threading.Event()
        running = asyncio.wrap_future(threads.start(partial(work, stop), "flagkeeper-retention"))
        self._working.add(running)
        running.add_done_callback(self._ended)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait([running], timeout=LAST_STEP)
            raise

    def _ended(self, running: asyncio.Future[Any]) -> None:
        self._working.discard(running)
        if not running.cancelled() and (error := running.exception()) is not None:
            log.debug("retention_ended", error=str(error))


def _silently(_done: int, _total: int) -> None:
    """Nobody looks."""
