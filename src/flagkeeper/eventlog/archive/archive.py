"""Reading archived events. An answer is complete, or it is an error: never is it silently shorter.

An event counts as archived once it has left the database. Events leave oldest first, so that is all before the oldest
one that is still there; a transaction sees each event in one of both, and only one, also while the archiver works.
"""

import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from flagkeeper.eventlog import parquet
from flagkeeper.eventlog.archive import live, store
from flagkeeper.eventlog.archive.blob_store import BlobStore
from flagkeeper.eventlog.archive.segment import Segment, demand_ids, read_whole, understanding
from flagkeeper.eventlog.parquet import StoredEvent
from flagkeeper.eventlog.read import EventRow, LogEvent, log_position
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.transaction import Transaction

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

FOOTERS = 128
"""Of how many segments it is kept in memory where their rows lie."""
MOST_TOLD = 5
GROUPS = 8
"""So many row groups stay in memory, some 2 MB each: pages and streams ask for neighbours."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
R = TypeVar("R")


class _Recent(Generic[K, V]):
    """The values that were asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


class Archive:
    """Archived events, by id and by time. Fulfils `eventlog.read.ArchivedLog`. Threads may share it.

    Every method raises `Unavailable` when the archive is out of reach, lacks an event or is damaged. All bytes of a
    segment are checked when this process first needs it, and from then on those that are read.

    Args:
        blobs: where the segments lie; None when no archive is configured.
    """

    def __init__(self, blobs: BlobStore | None) -> None:
        self._blobs = blobs
        self._footers: _Recent[str, pq.FileMetaData] = _Recent(FOOTERS)
        self._groups: _Recent[tuple[str, int], pa.Table] = _Recent(GROUPS)
        self._sound: set[str] = set()
        self._unreadable: dict[str, str] = {}
        """Why a segment could not be read when it was last needed."""

    def troubles(self) -> list[str]:
        """Which segments could not be read when they were last needed, and why; some of them, where they are many."""
        return list(dict.fromkeys(list(self._unreadable.values())[:MOST_TOLD]))

    def rows(self, tx: Transaction, ids: Sequence[int]) -> list[EventRow]:
        """The archived ones among `ids`, oldest first."""
        end = self._end(tx)
        wanted = sorted({event_id for event_id in ids if 0 < event_id < end})
        if not wanted:
            return []
        found: list[EventRow] = []
        position = 0
        for segment in self._covering(tx, wanted):
            following = position
            while following < len(wanted) and wanted[following] <= segment.last_id:
                following += 1
            found += self._pick(segment, wanted[position:following])
            position = following
        return found

    def between(self, tx: Transaction, first: int, last: int) -> list[EventRow]:
        """Archived events from `first` to `last` (both included), oldest first."""
        return self._between(tx, first, last, parquet.rows_of)

    def about_user(self, tx: Transaction, user_id: int, types: Sequence[str], first: int, last: int) -> list[EventRow]:
        """Those from `first` to `last` that a user caused, or that are of one of `types`."""

        def wanted(table: "pa.Table") -> list[EventRow]:
            import pyarrow as pa
            import pyarrow.compute as pc

            caused = pc.equal(table.column("created_by_user_id"), user_id)
            typed = pc.is_in(table.column("type"), value_set=pa.array(types, pa.string()))
            # Where nobody is known to have caused it, only the type counts.
            return parquet.rows_of(table.filter(pc.or_kleene(caused, typed)))

        return self._between(tx, first, last, wanted)

    def stored_between(self, tx: Transaction, first: int, last: int) -> list[StoredEvent]:
        """The same, with everything that the log keeps beside them."""
        return self._between(tx, first, last, parquet.stored_of)

    def log_events(self, tx: Transaction, first: int, last: int) -> list[LogEvent]:
        """The same, as followers get them."""
        return [
            LogEvent(**msgspec.structs.asdict(each.row), subject=each.subject, reach=each.reach)
            for each in self.stored_between(tx, first, last)
        ]

    def first_id(self, tx: Transaction, moment: clock.Millis) -> int | None:
        """The oldest archived event at `moment` or later."""
        end = self._end(tx)
        segment = store.from_moment(tx, moment)
        if segment is None or segment.first_id >= end:
            return None
        blobs, metadata = self._opened(segment)
        start = segment.first_id
        for number in range(metadata.num_row_groups):
            with self._reading(segment):
                times = blobs.use(segment.file, partial(_row_group, metadata, number, columns=["id", "created_at"]))
            rows = parquet.times_of(times)
            demand_ids([event_id for event_id, _ in rows], segment, start)
            found = bisect_left([at for _, at in rows], moment)
            if found < len(rows):
                event_id = rows[found][0]
                return event_id if event_id < end else None
            start += len(rows)
        raise Unavailable(f"{segment.file} has no event of the time that it should reach.")

    def _between(self, tx: Transaction, first: int, last: int, convert: "Callable[[pa.Table], list[R]]") -> list[R]:
        first, last = max(first, 1), min(last, self._end(tx) - 1)
        if first > last:
            return []
        found: list[R] = []
        for segment in self._covering(tx, [first, last]):
            begin, end = max(first, segment.first_id), min(last, segment.last_id)
            for number, start, length in self._groups_of(segment, begin, end):
                table = self._group(segment, number, start)
                skip = max(begin - start, 0)
                found += convert(table.slice(skip, min(end - start + 1, length) - skip))
        return found

    def _end(self, tx: Transaction) -> int:
        """The first event that is not archived."""
        first = live.first_id(tx)
        return log_position(tx).last_id + 1 if first is None else first

    def _covering(self, tx: Transaction, ids: Sequence[int]) -> list[Segment]:
        """The segments from the one of the first to the one of the last of `ids`: without a gap."""
        found = store.overlapping(tx, ids[0], ids[-1])
        following = ids[0]
        for segment in found:
            if segment.first_id > following:
                break
            following = segment.last_id + 1
        if following <= ids[-1]:
            raise Unavailable(f"Event {following} is neither in the database nor in the archive.")
        return found

    def _pick(self, segment: Segment, ids: Sequence[int]) -> list[EventRow]:
        """The events `ids`, all of which are in `segment`."""
        found: list[EventRow] = []
        if not ids:
            return found
        spans = self._groups_of(segment, ids[0], ids[-1])
        starts = [start for _, start, _ in spans]
        for index, wanted in groupby(ids, key=lambda event_id: bisect_right(starts, event_id) - 1):
            number, start, _ = spans[index]
            table = self._group(segment, number, start)
            found += parquet.rows_of(table.take([event_id - start for event_id in wanted]))
        return found

    def _groups_of(self, segment: Segment, first: int, last: int) -> list[tuple[int, int, int]]:
        """Number, first event and length of the row groups that have events from `first` to `last`."""
        _, metadata = self._opened(segment)
        found = []
        start = segment.first_id
        for number in range(metadata.num_row_groups):
            length = metadata.row_group(number).num_rows
            if start <= last and start + length > first:
                found.append((number, start, length))
            start += length
        if start != segment.last_id + 1:
            raise Unavailable(f"{segment.file} does not have the {segment.events} events that it should have.")
        return found

    def _group(self, segment: Segment, number: int, start: int) -> "pa.Table":
        def read() -> "pa.Table":
            blobs, metadata = self._opened(segment)
            with self._reading(segment):
                table = blobs.use(segment.file, partial(_row_group, metadata, number))
                demand_ids(table.column("id").to_pylist(), segment, start)
            return table

        return self._groups.get((segment.file, number), read)

    def _opened(self, segment: Segment) -> "tuple[BlobStore, pq.FileMetaData]":
        blobs = self._blobs
        if blobs is None:
            raise Unavailable(
                f"Events {segment.first_id} to {segment.last_id} are in an archive, and none is configured: "
                "set FLAGKEEPER_ARCHIVE."
            )

        def read() -> "pq.FileMetaData":
            import pyarrow.parquet as pq

            with self._reading(segment):
                if segment.file not in self._sound:
                    read_whole(blobs, segment)
                    self._sound.add(segment.file)
                return blobs.use(segment.file, pq.read_metadata)

        return blobs, self._footers.get(segment.file, read)

    @contextmanager
    def _reading(self, segment: Segment) -> Iterator[None]:
        """Remembers what cannot be read, until it can."""
        try:
            with understanding(segment):
                yield
        except Unavailable as error:
            self._unreadable[segment.file] = error.message
            raise
        self._unreadable.pop(segment.file, None)


def _row_group(
    metadata: "pq.FileMetaData", number: int, file: "pa.NativeFile", columns: list[str] | None = None
) -> "pa.Table":
    import pyarrow.parquet as pq

    opened = pq.ParquetFile(file, metadata=metadata, pre_buffer=True, page_checksum_verification=True)
    return opened.read_row_group(number, columns=columns)


def batches(first: int, last: int, size: int) -> Iterator[tuple[int, int]]:
    """The ranges of `size` ids, or less at the end, that make up `first` to `last`."""
    for start in range(first, last + 1, size):
        yield start, min(start + size - 1, last)
