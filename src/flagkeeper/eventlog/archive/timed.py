"""A blob store with deadlines. A dead mount, or a service that accepts and never answers, holds a call up for ever:
here each runs on a thread of its own, which is left behind when it does not end in time.

While such a call hangs, others are refused at once, but for one now and then that asks whether the store answers.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from flagkeeper.eventlog.archive.blob_store import BlobStore, open_blob_store
from flagkeeper.kernel import threads
from flagkeeper.kernel.errors import BadData, Unavailable

if TYPE_CHECKING:
    import pyarrow as pa

ANSWER = 10.0
"""Seconds for a call."""
SLOWEST = 8_000_000
"""Bytes a second. A call that moves many bytes gets the more time."""
FIRST_TRIAL, LAST_TRIAL = 2.0, 60.0
"""Seconds between two tries of a store that hangs; they become longer."""
MOST_HANGING = 64
"""Threads that may be left behind. Then nobody looks again before one of them comes back."""

R = TypeVar("R")


class ArchiveNeeded(Exception):
    """A read that must not wait for the archive needs it. It is to be made again, where it may wait."""


class _Here(threading.local):
    must_not_wait = False


_here = _Here()


@contextmanager
def without_waiting() -> Iterator[None]:
    """Whatever this thread asks a blob store raises `ArchiveNeeded`. What is in memory is found."""
    _here.must_not_wait = True
    try:
        yield
    finally:
        _here.must_not_wait = False


class Timed:
    """Fulfils `blob_store.BlobStore`. Threads may share it. Every method raises `Unavailable` also when there is no
    answer in time."""

    def __init__(self, blobs: BlobStore) -> None:
        self.shown = blobs.shown
        self._blobs = blobs
        self._lock = threading.Lock()
        self._hanging = 0
        self._writes_hanging = 0
        self._next_trial = 0.0
        self._rest = FIRST_TRIAL

    def write(self, name: str, content: "bytes | pa.Buffer") -> None:
        size = memoryview(content).nbytes
        with self._lock:
            if self._writes_hanging:
                # It may still come to its end, and must not do so over what was written since.
                raise Unavailable(f"The archive {self.shown} has not ended an earlier write.")
        self._call(partial(self._blobs.write, name, content), size, writes=True)

    def read(self, name: str, size: int = 0) -> bytes:
        return self._call(partial(self._blobs.read, name, size), size)

    def use(self, name: str, act: "Callable[[pa.NativeFile], R]") -> R:
        return self._call(partial(self._blobs.use, name, act))

    def names(self, folder: str) -> list[str]:
        return self._call(partial(self._blobs.names, folder))

    def delete(self, name: str) -> None:
        self._call(partial(self._blobs.delete, name))

    def _call(self, act: Callable[[], R], size: int = 0, *, writes: bool = False) -> R:
        if _here.must_not_wait:
            raise ArchiveNeeded
        self._demand_answers()
        seconds = ANSWER + size / SLOWEST
        future = threads.start(act, "flagkeeper-archive")
        wait([future], seconds)
        if not future.done():
            with self._lock:
                self._hanging += 1
                self._writes_hanging += writes
                self._next_trial = time.monotonic() + self._rest
            future.add_done_callback(partial(self._came_back, writes))
            raise Unavailable(f"The archive {self.shown} has not answered for {seconds:.0f} seconds.")
        return future.result()

    def _demand_answers(self) -> None:
        with self._lock:
            if not self._hanging:
                return
            now = time.monotonic()
            if now >= self._next_trial and self._hanging < MOST_HANGING:
                self._rest = min(2 * self._rest, LAST_TRIAL)
                self._next_trial = now + ANSWER + self._rest
                return
        raise Unavailable(f"The archive {self.shown} does not answer. It is looked at again in a moment.")

    def _came_back(self, writes: bool, _future: "Future[R]") -> None:
        with self._lock:
            self._hanging -= 1
            self._writes_hanging -= writes
            if not self._hanging:
                self._rest = FIRST_TRIAL


def configured_blob_store(address: str, endpoint: str, region: str) -> BlobStore | None:
    """The blob store that the settings name; None when they name none. Raises `BadData`."""
    if not address:
        return None
    try:
        return Timed(open_blob_store(address, endpoint=endpoint, region=region))
    except BadData as error:
        raise BadData(f"FLAGKEEPER_ARCHIVE: {error.message}") from error
