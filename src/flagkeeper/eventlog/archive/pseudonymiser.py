"""Putting a pseudonym in the place of a person's names, in segments, rows and other tables, in small steps.

Each step says in the transaction of its own writes how far it has come, so it may be killed at any moment and go on
later. A segment is rewritten as a new file, and its old file deleted after the switch. The names are forgotten with the
last step, which records the event.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import msgspec

from flagkeeper.eventlog.archive import live, naming, pseudonyms, store
from flagkeeper.eventlog.archive.archive import Archive, batches
from flagkeeper.eventlog.archive.blob_store import BlobStore
from flagkeeper.eventlog.archive.lease import DURATION, ArchiveLease, archive_lease
from flagkeeper.eventlog.archive.ledger import ArchiveLedger
from flagkeeper.eventlog.archive.pseudonyms import AFTER, ARCHIVED, BEFORE, DONE, FIND, LIVE, Pseudonym
from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.archive.segment import Segment, pack, read_whole, source_of, verify, write
from flagkeeper.eventlog.catalogue.own import FlagkeeperActorPseudonymised, PseudonymData
from flagkeeper.eventlog.parquet import ROW_GROUP, StoredEvent
from flagkeeper.eventlog.read import log_position
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import NotFound, Unavailable
from flagkeeper.kernel.progress import Progress, untold
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction

UNLIMITED = 2**62
"""A segment is rewritten as one, however large it becomes."""
BATCH = 500
"""Events of the database that are looked through, and perhaps rewritten, in one step."""


class Reindex(Protocol):
    """Brings the search index up to what is now in the log."""

    def __call__(self, first_id: int, last_id: int, /) -> None:
        """Indexes the events from `first_id` to `last_id` anew, live or archived. Doing it twice is harmless."""
        ...


class NamesOutsideLog(Protocol):
    """Tables outside the log that hold names of people."""

    def __call__(self, unit: Unit, replacement: Replacement, position: int, /) -> int | None:
        """Replaces names in some rows. Returns where to go on (0 is the beginning); None when all is done."""
        ...


class InUse(Protocol):
    """Knows the names of people who are still there."""

    def __call__(self, tx: Transaction, names: Sequence[str]) -> set[str]:
        """Those among `names` under which somebody can be known today."""
        ...


class PseudonymContext(NamedTuple):
    """What it takes to put pseudonyms in place."""

    blobs: BlobStore | None
    """None when no archive is configured."""
    units: Units
    reader: Reader
    in_use: InUse
    elsewhere: Sequence[NamesOutsideLog] = ()
    """Each is gone through before the rows of the log and once more after them: what is recorded meanwhile may still
    have a name from there, or bring one there."""
    reindex: Reindex | None = None
    lease: clock.Millis = DURATION


def put_in_place(context: PseudonymContext, pseudonym: str, progress: Progress = untold) -> Pseudonym | None:
    """Goes on with a pseudonym until it is in place. It blocks: run it on a thread of its own. None when none of its
    names stands anywhere: then there is nothing to tell of, and it is forgotten.

    Raises:
        NotFound: nobody asked for this pseudonym.
        Conflict: a legal hold stands, or another process changes the archive.
        Unavailable: the archive or the database is out of reach. It can be gone on with later.
    """
    with archive_lease(context.units, context.lease) as mine:
        return _Work(context, mine, pseudonym, progress).run()


class _Work:
    """One run for one pseudonym."""

    def __init__(self, context: PseudonymContext, mine: ArchiveLease, pseudonym: str, progress: Progress) -> None:
        self._context = context
        self._units = context.units
        self._reader = context.reader
        self._lease = mine
        self._progress = progress
        self._archived = Archive(context.blobs)
        self._now = self._load(pseudonym)
        self._last = context.reader.now(log_position).last_id

    def run(self) -> Pseudonym | None:
        if self._now.stage == FIND and not self._find():
            return None
        self._replacement = Replacement(self._now.pseudonym, self._now.names, self._now.user_id)
        self._index_touched()
        if self._now.stage == ARCHIVED:
            self._rewrite_archived()
            self._advance(stage=BEFORE)
        if self._now.stage == BEFORE:
            self._rewrite_elsewhere()
            self._advance(stage=LIVE, position=0, reached=0)
        if self._now.stage == LIVE:
            self._rewrite_live()
            self._advance(stage=AFTER)
        if self._now.stage == AFTER:
            self._rewrite_elsewhere()
            # The reason may name the very person.
            self._now = msgspec.structs.replace(self._now, context=self._replacement.context(self._now.context))
            asked = self._units.within(self._now.context)
            while (found := asked.run_now(self._now.asked_by, self._finish)) is None:
                self._rewrite_live()
            return self._load(self._now.pseudonym) if found else None
        return self._now

    def _load(self, pseudonym: str) -> Pseudonym:
        for each in self._reader.now(pseudonyms.all_pseudonyms):
            if each.pseudonym == pseudonym:
                return each
        raise NotFound(f"Nobody asked for the pseudonym {pseudonym}.")

    def _find(self) -> bool:
        """Finds the names of somebody who has an id. Nothing is written before all are known."""
        names: set[str] = set()
        user_id = self._now.user_id
        if user_id is not None:
            first_live, last = self._reader.now(_bounds)
            for first, end in batches(1, last, ROW_GROUP):
                if first < first_live:
                    names |= self._reader.now(naming.names_in_archive, self._archived, user_id, first, end)
                names |= self._reader.now(naming.names_in_database, user_id, first, end)
        if not names:
            self._units.run_now(SYSTEM, self._forget)
            return False
        # An address may have gone to somebody else since. That person keeps it; events of this one lose it by their id.
        names -= self._reader.now(self._context.in_use, sorted(names))
        self._advance(stage=ARCHIVED, names=tuple(sorted(names)))
        return True

    def _rewrite_archived(self) -> None:
        if not self._reader.now(store.segments):
            return
        if self._context.blobs is None:
            raise Unavailable("There are archived events, and no archive is configured: set FLAGKEEPER_ARCHIVE.")
        ledger = ArchiveLedger(self._context.blobs, self._units, self._reader, self._lease)
        ledger.open(for_pseudonym=True)
        for segment in self._reader.now(store.segments):
            if segment.last_id > self._now.reached:
                self._rewrite_segment(self._context.blobs, ledger, segment)
        ledger.close()

    def _rewrite_segment(self, blobs: BlobStore, ledger: ArchiveLedger, old: Segment) -> None:
        original = source_of(read_whole(blobs, old), old)
        touched = [
            event.row.id
            for first, last in batches(old.first_id, old.last_id, ROW_GROUP)
            for event in original(first, last)
            if self._replacement.event(event) is not event
        ]
        if not touched:
            self._touch([], _nothing, old.last_id)
            return

        def rewritten(first: int, last: int) -> list[StoredEvent]:
            return [self._replacement.event(event) for event in original(first, last)]

        self._lease.last()
        packed = pack(rewritten, old.first_id, old.last_id, ledger.folder, largest=UNLIMITED)
        write(blobs, packed)
        verify(blobs, packed.segment, rewritten)
        ledger.announce([packed.segment if each == old else each for each in self._reader.now(store.segments)])
        self._touch(touched, lambda unit: ledger.switch(unit, old, packed.segment), old.last_id)

    def _rewrite_elsewhere(self) -> None:
        """All of it each time: it may have been begun by another version, which knows other tables."""
        for step in self._context.elsewhere:
            position: int | None = 0
            while position is not None:
                position = self._units.run_now(SYSTEM, self._step_elsewhere, step, position)

    def _step_elsewhere(self, unit: Unit, step: NamesOutsideLog, position: int) -> int | None:
        self._lease.demand(unit)
        return step(unit, self._replacement, position)

    def _rewrite_live(self) -> None:
        first_live, last_archived, last = self._reader.now(_bounds_of_live)
        for first, end in batches(max(first_live, self._now.reached + 1), last, BATCH):
            found = self._reader.now(live.stored, first, end)
            new = [changed for event in found if (changed := self._replacement.event(event)) is not event]
            # What is in a segment already was counted there.
            self._touch([event.row.id for event in new if event.row.id > last_archived], partial(_rewrite, new), end)

    def _touch(self, ids: Sequence[int], act: Callable[[Unit], None], reached: int) -> None:
        """Rewrites events, and says in the same transaction which; then the search index takes them in."""

        def write_both(unit: Unit) -> Pseudonym:
            self._lease.demand(unit)
            act(unit)
            now = msgspec.structs.replace(self._now, reached=reached, events=self._now.events + len(ids))
            if ids:
                now = msgspec.structs.replace(now, touched_first=ids[0], touched_last=ids[-1])
            pseudonyms.save(unit.tx, now)
            return now

        self._now = self._units.run_now(SYSTEM, write_both)
        self._index_touched()
        self._progress(reached, self._last)

    def _index_touched(self) -> None:
        first, last = self._now.touched_first, self._now.touched_last
        if first is None or last is None:
            return
        if self._context.reindex is not None:
            self._context.reindex(first, last)
        self._advance(touched_first=None, touched_last=None)

    def _advance(self, **changes: Any) -> None:
        now = msgspec.structs.replace(self._now, **changes)
        self._units.run_now(SYSTEM, self._save, now)
        self._now = now

    def _save(self, unit: Unit, now: Pseudonym) -> None:
        self._lease.demand(unit)
        pseudonyms.save(unit.tx, now)

    def _forget(self, unit: Unit) -> None:
        self._lease.demand(unit)
        pseudonyms.remove(unit.tx, self._now.pseudonym)

    def _finish(self, unit: Unit) -> bool | None:
        """None when events were recorded meanwhile: they must be looked through first."""
        self._lease.demand(unit)
        if live.lock_head(unit.tx) != self._now.reached:
            return None
        if not self._now.events:
            pseudonyms.remove(unit.tx, self._now.pseudonym)
            return False
        done = msgspec.structs.replace(self._now, stage=DONE, names=(), finished_at=unit.now)
        pseudonyms.save(unit.tx, done)
        unit.record(
            FlagkeeperActorPseudonymised(
                data=PseudonymData(pseudonym=done.pseudonym, user_id=done.user_id, events=done.events)
            )
        )
        return True


def _nothing(_unit: Unit) -> None:
    """A segment without names stays as it is."""


def _rewrite(changed: Sequence[StoredEvent], unit: Unit) -> None:
    live.rewrite(unit.tx, changed)


def _bounds(tx: Transaction) -> tuple[int, int]:
    """The first event that is in the database, and the last of the log."""
    last = log_position(tx).last_id
    return live.first_id(tx) or last + 1, last


def _bounds_of_live(tx: Transaction) -> tuple[int, int, int]:
    """The same, with the last event that is in a segment between them."""
    first, last = _bounds(tx)
    return first, store.last_archived(tx), last
