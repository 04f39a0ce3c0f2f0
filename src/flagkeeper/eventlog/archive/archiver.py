"""Moving events into the archive. The order of acts makes it harmless to be killed at any moment:

1. The segment is written, read back, and compared with the rows of the database.
2. The next version of the manifest names it.
3. The database is told of it.
4. The rows are deleted, a few at a time, each time in a short transaction; the last one records the event.

What is cut off before 3 is done again; what is cut off after it is gone on with. Until 4, reads find the rows.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec
import structlog

from flagkeeper.eventlog.archive import live, store
from flagkeeper.eventlog.archive.blob_store import BlobStore
from flagkeeper.eventlog.archive.lease import DURATION, ArchiveLease, archive_lease
from flagkeeper.eventlog.archive.ledger import ArchiveLedger
from flagkeeper.eventlog.archive.segment import LARGEST, Packed, Segment, pack, verify, write
from flagkeeper.eventlog.archive.store import LastRun
from flagkeeper.eventlog.catalogue.own import ArchivedEventsData, FlagkeeperEventsArchived
from flagkeeper.eventlog.parquet import StoredEvent
from flagkeeper.eventlog.read import log_position
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM, Actor
from flagkeeper.kernel.errors import Conflict, Unavailable
from flagkeeper.kernel.progress import Progress, untold
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction

FRESH = clock.HOUR
"""Events so young always stay: a follower in memory that lags still finds them."""
SMALLEST_BATCH, LARGEST_BATCH = 25, 1_000
"""Rows deleted in one transaction."""
BRIEF = 0.015
"""Seconds that such a transaction may take: nobody who writes notices."""

log = structlog.get_logger("flagkeeper.archive")


class OldestNeeded(Protocol):
    """Knows who still needs events in the database."""

    def __call__(self, tx: Transaction) -> int | None:
        """The oldest event that must stay; None: none."""
        ...


class RetentionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the log stays in the database. What either rule lets go is archived."""

    keep_days: int | None = None
    keep_events: int | None = None
    """The newest so many stay."""

    @property
    def lets_go(self) -> bool:
        """Whether there is any rule."""
        return self.keep_days is not None or self.keep_events is not None


class Moved(msgspec.Struct, frozen=True):
    """What a run came to."""

    segments: int
    events: int


class Archiver:
    """Moves what the policy lets go. It blocks: run it on a thread of its own.

    Args:
        needs: what must stay, whatever the policy says.
        largest: events in one segment.
        fresh: events so young stay.
    """

    def __init__(
        self,
        *,
        blobs: BlobStore,
        units: Units,
        reader: Reader,
        policy: RetentionPolicy,
        needs: Sequence[OldestNeeded] = (),
        largest: int = LARGEST,
        fresh: clock.Millis = FRESH,
        lease: clock.Millis = DURATION,
    ) -> None:
        self._blobs = blobs
        self._units = units
        self._reader = reader
        self._policy = policy
        self._needs = needs
        self._largest = largest
        self._fresh = fresh
        self._lease = lease

    def run(
        self,
        actor: Actor,
        *,
        at_least: int = 1,
        progress: Progress = untold,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Moved:
        """Archives all that may go, or until it is `stopped`. Fewer than `at_least` events are left for the next time.

        Raises:
            Conflict: another process is at it, a legal hold stands, or the archive is another log's.
            Unavailable: the archive or the database is out of reach, or a segment is damaged. Nothing is lost.
        """
        with archive_lease(self._units, self._lease) as mine:
            started = clock.now()
            moved, error = Moved(0, 0), None
            self._note(started, moved, finished=False)
            try:
                for moved in self._moves(mine, actor, at_least, progress, stopped):
                    self._note(started, moved, finished=False)
            except (Conflict, Unavailable) as failure:
                error = failure.message
                raise
            finally:
                self._note(started, moved, finished=True, error=error)
        return moved

    def _moves(
        self, mine: ArchiveLease, actor: Actor, at_least: int, progress: Progress, stopped: Callable[[], bool]
    ) -> Iterator[Moved]:
        """After each segment, what was moved so far."""
        ledger = ArchiveLedger(self._blobs, self._units, self._reader, mine)
        ledger.open()
        moved, done = Moved(0, 0), 0
        half_done, first, last = self._reader.now(self._plan)
        if last - first + 1 < at_least:
            last = first - 1
        total = sum(segment.events for segment in half_done) + last - first + 1
        while (half_done or first <= last) and not stopped():
            if half_done:
                segment = half_done.pop(0)
            else:
                segment = self._archive(mine, ledger, first, last)
                first = segment.last_id + 1
            for left in self._remove(mine, actor, segment):
                progress(done + segment.events - left, total)
                if stopped():
                    return
            done += segment.events
            moved = Moved(moved.segments + 1, moved.events + segment.events)
            log.info("events_archived", first=segment.first_id, last=segment.last_id, bytes=segment.size)
            yield moved
        ledger.close()

    def _plan(self, tx: Transaction) -> tuple[list[Segment], int, int]:
        """The segments whose events are not all removed yet, and the first and the last event to archive now."""
        oldest, newest = live.first_id(tx), log_position(tx).last_id
        if oldest is None:
            return [], newest + 1, newest
        half_done = [segment for segment in store.segments(tx) if segment.last_id >= oldest]
        first = max(oldest, store.last_archived(tx) + 1)
        end = oldest
        if self._policy.keep_events is not None:
            end = max(end, newest - self._policy.keep_events + 1)
        if self._policy.keep_days is not None:
            end = max(end, live.first_since(tx, clock.now() - self._policy.keep_days * clock.DAY, oldest, newest))
        end = min(end, live.first_since(tx, clock.now() - self._fresh, oldest, newest))
        slowest = live.slowest_follower(tx)
        if slowest is not None:
            end = min(end, slowest + 1)
        end = min([end, *(needed for each in self._needs if (needed := each(tx)) is not None)])
        return half_done, first, end - 1

    def _archive(self, mine: ArchiveLease, ledger: ArchiveLedger, first: int, last: int) -> Segment:
        """Acts 1 to 3: from here on the events may leave the database."""
        mine.last()
        packed = pack(self._stored, first, min(last, first + self._largest - 1), ledger.folder)
        write(self._blobs, packed)
        verify(self._blobs, packed.segment, self._stored)
        ledger.announce([*self._reader.now(store.segments), packed.segment])
        self._units.run_now(SYSTEM, self._tell, mine, packed)
        return packed.segment

    def _stored(self, first: int, last: int) -> list[StoredEvent]:
        return self._reader.now(live.stored, first, last)

    def _tell(self, unit: Unit, mine: ArchiveLease, packed: Packed) -> None:
        mine.demand(unit)
        if store.last_archived(unit.tx) != packed.segment.first_id - 1:
            raise Conflict("Another process has archived these events.")
        store.add(unit.tx, packed.segment, packed.newest)

    def _remove(self, mine: ArchiveLease, actor: Actor, segment: Segment) -> Iterator[int]:
        """Act 4. After each transaction, how many events are left. It rests as long as it works: at least half of the
        time belongs to those who write."""
        size, left = SMALLEST_BATCH, segment.events
        while left:
            started = time.monotonic()
            left = self._units.run_now(actor, self._remove_some, mine, segment, size)
            yield left
            took = time.monotonic() - started
            if took > BRIEF:
                size = max(SMALLEST_BATCH, size // 2)
            elif took < BRIEF / 2:
                size = min(LARGEST_BATCH, size * 2)
            time.sleep(took)

    def _remove_some(self, unit: Unit, mine: ArchiveLease, segment: Segment, size: int) -> int:
        mine.demand(unit)
        oldest = live.first_id(unit.tx)
        if oldest is None or oldest > segment.last_id:
            return 0
        end = min(segment.last_id, oldest + size - 1)
        live.remove(unit.tx, end)
        if end == segment.last_id:
            unit.record(
                FlagkeeperEventsArchived(
                    data=ArchivedEventsData(
                        first_id=segment.first_id,
                        last_id=segment.last_id,
                        events=segment.events,
                        archive=self._blobs.shown,
                        sha256=segment.sha256,
                    )
                )
            )
        return segment.last_id - end

    def _note(self, started: clock.Millis, moved: Moved, *, finished: bool, error: str | None = None) -> None:
        run = LastRun(
            started_at=started,
            finished_at=clock.now() if finished else None,
            segments=moved.segments,
            events=moved.events,
            error=error,
        )
        with suppress(Unavailable):
            self._units.run_now(SYSTEM, lambda unit: store.save_run(unit.tx, run))
