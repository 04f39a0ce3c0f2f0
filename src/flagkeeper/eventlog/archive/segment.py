"""Segments: files of contiguous events. They are written, read back, and compared, before anybody relies on them."""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from flagkeeper.eventlog import parquet
from flagkeeper.eventlog.archive.blob_store import BlobStore
from flagkeeper.eventlog.catalogue.event import Reach
from flagkeeper.eventlog.parquet import StoredEvent
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import Unavailable

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST = 50_000
"""Events in one segment."""
LARGEST_SIZE = 64_000_000
"""Bytes after which a segment ends early: it is put together in memory."""
FOLDER = "segments"


class Segment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is known of a file of events, ids and times included on both ends."""

    first_id: int
    last_id: int
    first_at: clock.Millis
    last_at: clock.Millis
    size: int
    """In bytes."""
    sha256: str
    file: str

    @property
    def events(self) -> int:
        return self.last_id - self.first_id + 1


class Newest(msgspec.Struct, frozen=True):
    """The newest event of a project or an environment (see `tables.log_newest`)."""

    kind: str
    name: str
    event_id: int
    created_at: clock.Millis


class Packed(msgspec.Struct, frozen=True):
    """A segment in memory."""

    segment: Segment
    content: "pa.Buffer"
    newest: list[Newest]


Source = Callable[[int, int], list[StoredEvent]]
"""The events from one id to another, both included."""


def pack(source: Source, first: int, last: int, folder: str, *, largest: int = LARGEST_SIZE) -> Packed:
    """The events from `first` to `last` as one file in `folder`; it ends early when it has grown to `largest` bytes.

    Raises:
        Unavailable: the source does not give every event.
    """
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    schema = parquet.stored_schema()
    newest: dict[tuple[str, str], Newest] = {}
    first_at = last_at = 0
    following = first
    with parquet.writer(sink, schema) as file:
        while following <= last and sink.tell() < largest:
            end = min(last, following + parquet.ROW_GROUP - 1)
            events = demand_all(source(following, end), following, end)
            file.write_batch(parquet.stored_batch_of(events), row_group_size=parquet.ROW_GROUP)
            first_at = first_at or events[0].row.created_at
            last_at = events[-1].row.created_at
            for event in events:
                _note(newest, event)
            following = end + 1
    content = sink.getvalue()
    segment = Segment(
        first_id=first,
        last_id=following - 1,
        first_at=first_at,
        last_at=last_at,
        size=content.size,
        sha256=hashlib.sha256(content).hexdigest(),
        file=f"{folder}/{first:012}-{following - 1:012}.parquet",
    )
    return Packed(segment, content, list(newest.values()))


def demand_all(events: list[StoredEvent], first: int, last: int) -> list[StoredEvent]:
    """Raises `Unavailable` unless `events` are exactly those from `first` to `last`."""
    if [event.row.id for event in events] != list(range(first, last + 1)):
        raise Unavailable(f"The log does not have every event from {first} to {last}. Nothing was archived.")
    return events


def _note(newest: dict[tuple[str, str], Newest], event: StoredEvent) -> None:
    row = event.row
    if row.project is not None:
        newest["project", row.project] = Newest("project", row.project, row.id, row.created_at)
    if event.reach == Reach.CLIENTS:
        name = row.environment or ""
        newest["environment", name] = Newest("environment", name, row.id, row.created_at)


def read_whole(blobs: BlobStore, segment: Segment) -> bytes:
    """The bytes of a segment.

    Raises:
        Unavailable: they are not those that were written, the file is not there, or the archive is out of reach.
    """
    content = blobs.read(segment.file, segment.size)
    if len(content) != segment.size or hashlib.sha256(content).hexdigest() != segment.sha256:
        raise Unavailable(
            f"{segment.file} in the archive {blobs.shown} is damaged: its checksum is wrong. It holds the events "
            f"{segment.first_id} to {segment.last_id}; bring the file back from a copy."
        )
    return content


def source_of(content: bytes, segment: Segment) -> Source:
    """The events of a segment that was read whole."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with understanding(segment):
        file = pq.ParquetFile(pa.BufferReader(content))
        ends: list[int] = []
        for number in range(file.num_row_groups):
            ends.append((ends[-1] if ends else segment.first_id) + file.metadata.row_group(number).num_rows)

    def between(first: int, last: int) -> list[StoredEvent]:
        found: list[StoredEvent] = []
        for number in range(bisect_right(ends, first), min(bisect_right(ends, last), len(ends) - 1) + 1):
            with understanding(segment):
                found += parquet.stored_of(file.read_row_group(number))
        return [event for event in found if first <= event.row.id <= last]

    return between


def groups(content: bytes, segment: Segment) -> Iterator[list[StoredEvent]]:
    """All events of a segment, some at a time.

    Raises:
        Unavailable: they are not those that the segment should have.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with understanding(segment):
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        following = segment.first_id
        for number in range(file.num_row_groups):
            events = parquet.stored_of(file.read_row_group(number))
            demand_ids([event.row.id for event in events], segment, following)
            following += len(events)
            yield events
        if following != segment.last_id + 1:
            raise Unavailable(f"{segment.file} ends with event {following - 1}, not {segment.last_id}.")


def demand_ids(ids: list[int], segment: Segment, first: int) -> None:
    """Raises `Unavailable` unless `ids` are contiguous and begin with `first`."""
    if not ids or ids != list(range(first, first + len(ids))):
        raise Unavailable(f"{segment.file} does not have the events that it should have from {first} on.")


@contextmanager
def understanding(segment: Segment) -> Iterator[None]:
    """What a damaged file raises becomes `Unavailable`."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise Unavailable(f"{segment.file} cannot be read: {reason}") from error


def verify(blobs: BlobStore, segment: Segment, source: Source) -> None:
    """Reads a segment back and compares it with what it was made of.

    Raises:
        Unavailable: they differ, or the archive is out of reach.
    """
    for events in groups(read_whole(blobs, segment), segment):
        if source(events[0].row.id, events[-1].row.id) != events:
            raise Unavailable(f"{segment.file} does not say what the log says from event {events[0].row.id} on.")


def write(blobs: BlobStore, packed: Packed) -> None:
    blobs.write(packed.segment.file, packed.content)
