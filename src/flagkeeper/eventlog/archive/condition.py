"""Whether the archive can be used now, as far as this process knows. Those who ask never wait for it."""

import threading
import time

from flagkeeper.eventlog.archive import manifest, store
from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.archive.blob_store import BlobStore
from flagkeeper.kernel import threads
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.reader import Reader

EVERY = 15.0
"""Seconds after which the archive is looked at again, when somebody asks."""


class Condition:
    """Looks at the archive in the background, and remembers what it found.

    Args:
        blobs: None when no archive is configured.
        archive: it knows which segments could not be read.
    """

    def __init__(self, blobs: BlobStore | None, archive: Archive, reader: Reader) -> None:
        self._blobs = blobs
        self._archive = archive
        self._reader = reader
        self._lock = threading.Lock()
        self._looking = False
        self._looked_at = float("-inf")
        self._trouble: str | None = None

    @property
    def configured(self) -> bool:
        return self._blobs is not None

    def troubles(self) -> list[str]:
        """Why archived events cannot be read now, in words; none when all is well, or nothing is known yet. It looks
        again, in the background, when that is a while ago."""
        self.check()
        damaged = self._archive.troubles()
        return [*([self._trouble] if self._trouble else []), *(each for each in damaged if each != self._trouble)]

    def check(self) -> None:
        """Begins to look, unless it does so already, or did so a moment ago."""
        with self._lock:
            if self._looking or time.monotonic() - self._looked_at < EVERY:
                return
            self._looking = True
        threads.start(self._check, "flagkeeper-archive-check")

    def _check(self) -> None:
        try:
            self._trouble = self._found()
        finally:
            with self._lock:
                self._looking, self._looked_at = False, time.monotonic()

    def _found(self) -> str | None:
        try:
            last = self._reader.now(store.last_archived)
        except Unavailable:
            # The database is told of elsewhere; of the archive nothing new is known.
            return self._trouble
        if self._blobs is None:
            return f"The events up to {last} are in an archive, and none is configured." if last else None
        try:
            if manifest.newest(self._blobs) is None and last:
                return f"{self._blobs.shown} is not the archive of this log: it has no manifest."
        except Unavailable as error:
            return error.message
        return None
