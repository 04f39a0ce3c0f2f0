"""Manifests: what the archive says of itself. Each change writes the next version; old ones stay."""

import msgspec

from flagkeeper.eventlog.archive.blob_store import BlobStore
from flagkeeper.eventlog.archive.segment import Segment
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import Unavailable

FORMAT = 1
MANIFESTS = "manifests"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    format: int = FORMAT
    version: int
    epoch: str
    """Of the log that wrote it."""
    written_at: str
    segments: list[Segment]
    """All of them, oldest first."""


def newest(blobs: BlobStore) -> Manifest | None:
    """The manifest that counts. None in an archive that was never written to.

    Raises:
        Unavailable: the archive is out of reach, or the manifest is damaged.
    """
    names = blobs.names(MANIFESTS)
    if not names:
        return None
    try:
        found = msgspec.json.decode(blobs.read(names[-1]), type=Manifest)
    except msgspec.MsgspecError as error:
        raise Unavailable(f"{names[-1]} in the archive {blobs.shown} is damaged: {error}") from error
    if found.format != FORMAT:
        raise Unavailable(
            f"The archive {blobs.shown} has format {found.format}; this version of Flagkeeper reads format {FORMAT}."
        )
    return found


def write_next(blobs: BlobStore, before: Manifest | None, epoch: str, segments: list[Segment]) -> Manifest:
    """Writes the version that follows `before`, unless it would say the same."""
    if before is not None and (before.epoch, before.segments) == (epoch, segments):
        return before
    written = Manifest(
        version=before.version + 1 if before else 1,
        epoch=epoch,
        written_at=clock.to_iso(clock.now()),
        segments=segments,
    )
    content = msgspec.json.format(msgspec.json.encode(written))
    blobs.write(f"{MANIFESTS}/{written.version:08}.json", content)
    return written
