"""Keeping two books in step: the archive's manifest, and the database's list of segments. The manifest is written
first, so it may be one act ahead.

Before anything is written, the database remembers the folder into which it will be: of what is found there later, only
what the database knows is kept. Nothing else in an archive is ever deleted.
"""

import structlog

from flagkeeper.eventlog.archive import manifest, pseudonyms, store
from flagkeeper.eventlog.archive.blob_store import PARTIAL, BlobStore
from flagkeeper.eventlog.archive.lease import ArchiveLease
from flagkeeper.eventlog.archive.manifest import Manifest
from flagkeeper.eventlog.archive.segment import FOLDER, Segment
from flagkeeper.eventlog.read import log_position
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import Conflict, Unavailable
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction

log = structlog.get_logger("flagkeeper.archive")


class ArchiveLedger:
    """What an archive and a database say of each other, for the one who has the lease."""

    def __init__(self, blobs: BlobStore, units: Units, reader: Reader, mine: ArchiveLease) -> None:
        self._blobs = blobs
        self._units = units
        self._reader = reader
        self._lease = mine
        self._epoch = reader.now(log_position).epoch
        self._current: Manifest | None = None
        self.folder = f"{FOLDER}/{new_ulid()}"
        """Where this process writes segments."""

    def open(self, *, for_pseudonym: bool = False) -> None:
        """Demands that the archive has what the database knows, and tidies up after a process that was killed.

        Raises:
            Conflict: the archive is ahead of the database or belongs to another one, or putting a pseudonym in place
                must be finished first.
            Unavailable: the archive is out of reach, or lacks a segment.
        """
        if not for_pseudonym and self._reader.now(pseudonyms.unfinished):
            raise Conflict("A pseudonym is being put in place. That must be finished before events are archived.")
        known, unfinished = self._reader.now(_known)
        self._current = manifest.newest(self._blobs)
        if self._current is None and known:
            raise Unavailable(f"{self._blobs.shown} is not the archive of this log: it has no manifest.")
        if self._current is not None:
            self._compare(known, self._current, unfinished)
            self.announce(self._reader.now(store.segments))
        self._clean(unfinished)
        self._units.run_now(SYSTEM, self._begin)

    def close(self) -> None:
        """Leaves nothing behind."""
        self._clean(self.folder)
        self._units.run_now(SYSTEM, self._end)

    def announce(self, segments: list[Segment]) -> None:
        """Writes the next manifest, unless it would say the same."""
        self._lease.last()
        self._current = manifest.write_next(self._blobs, self._current, self._epoch, segments)

    def switch(self, unit: Unit, old: Segment, new: Segment) -> None:
        """From the commit on, readers take `new`. The old file is deleted by `close`, or by the next `open`."""
        self._lease.demand(unit)
        if not store.replace(unit.tx, old, new):
            raise Conflict("Another process has replaced this segment.")

    def _compare(self, known: list[Segment], found: Manifest, unfinished: str | None) -> None:
        restored = found.epoch != self._epoch
        if restored and not known and found.segments:
            raise Conflict(
                f"The archive {self._blobs.shown} belongs to another log. Name an empty directory, or another prefix."
            )
        listed = {segment.first_id: segment for segment in found.segments}
        for segment in known:
            other = listed.pop(segment.first_id, None)
            if other is None or other.last_id != segment.last_id:
                raise Unavailable(f"The newest manifest in the archive {self._blobs.shown} lacks {segment.file}.")
            if other.file == segment.file or _is_in(other.file, unfinished):
                continue
            if not restored:
                raise Conflict(f"Another database also writes to the archive {self._blobs.shown}: {other.file} is its.")
            # An older backup was restored, and meanwhile the segment was rewritten: what is there now counts.
            self._units.run_now(SYSTEM, self.switch, segment, other)
        if not restored and any(not _is_in(other.file, unfinished) for other in listed.values()):
            raise Conflict(
                f"The archive {self._blobs.shown} has events that this database has not archived: it is an older copy. "
                "Bring backups back with `flagkeeper restore`, or name an empty directory, or another prefix."
            )

    def _begin(self, unit: Unit) -> None:
        self._lease.demand(unit)
        store.set_writing(unit.tx, self.folder)

    def _end(self, unit: Unit) -> None:
        self._lease.demand(unit)
        store.set_writing(unit.tx, None)

    def _clean(self, folder: str | None) -> None:
        """Deletes files that were replaced, and those in `folder` that the database does not know."""
        known, _ = self._reader.now(_known)
        used = {segment.file for segment in known}
        for first_id, file in self._reader.now(store.replaced_files):
            self._blobs.delete(file)
            self._units.run_now(SYSTEM, _forget_replaced, first_id)
        for name in self._blobs.names(folder) + self._blobs.names(PARTIAL) if folder else []:
            if name not in used:
                self._blobs.delete(name)
                log.info("unused_file_deleted", file=name)


def _known(tx: Transaction) -> tuple[list[Segment], str | None]:
    return store.segments(tx), store.writing(tx)


def _is_in(file: str, folder: str | None) -> bool:
    return folder is not None and file.startswith(f"{folder}/")


def _forget_replaced(unit: Unit, first_id: int) -> None:
    store.forget_replaced(unit.tx, first_id)
