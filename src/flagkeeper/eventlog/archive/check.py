"""Checking an archive: every byte of every segment, and what the two books say of each other."""

import msgspec

from flagkeeper.eventlog.archive import live, manifest, store
from flagkeeper.eventlog.archive.blob_store import BlobStore
from flagkeeper.eventlog.archive.segment import Segment, groups, read_whole
from flagkeeper.eventlog.read import log_position
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.kernel.progress import Progress
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a check came to."""

    segments: int
    events: int
    size: int
    problems: list[str]
    """In words; empty when all is well."""


def check(blobs: BlobStore, reader: Reader, progress: Progress) -> Report:
    """Recomputes all checksums and counts. A problem with one segment does not keep it from looking at the next.

    Raises:
        Unavailable: the archive or the database is out of reach.
    """
    known, problems = reader.now(_known)
    listed = manifest.newest(blobs)
    problems += _differences(known, listed.segments if listed else [])
    size, done = sum(segment.size for segment in known), 0
    for segment in known:
        try:
            for _ in groups(read_whole(blobs, segment), segment):
                pass
        except Unavailable as error:
            problems.append(error.message)
        done += segment.size
        progress(done, size)
    return Report(segments=len(known), events=sum(segment.events for segment in known), size=size, problems=problems)


def _known(tx: Transaction) -> tuple[list[Segment], list[str]]:
    """The segments, and where events are missing: they must follow each other from event 1 to those in the database."""
    segments = store.segments(tx)
    problems, following = [], 1
    for segment in segments:
        if segment.first_id != following:
            problems.append(f"No segment has the events {following} to {segment.first_id - 1}.")
        following = segment.last_id + 1
    last = log_position(tx).last_id
    first_live = live.first_id(tx) or last + 1
    if first_live > following:
        problems.append(f"The events {following} to {first_live - 1} are neither in the database nor in a segment.")
    return segments, problems


def _differences(known: list[Segment], listed: list[Segment]) -> list[str]:
    there = {segment.first_id: segment for segment in listed}
    return [
        f"The newest manifest does not have {segment.file} as the database knows it."
        for segment in known
        if there.get(segment.first_id) != segment
    ]
