"""The statements on the tables of the archive."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, insert, null, select, update

from flagkeeper.eventlog.archive.segment import Newest, Segment
from flagkeeper.eventlog.archive.tables import log_holds, log_newest, log_runs, log_segments, log_writing
from flagkeeper.kernel import clock
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.sequences import next_id, sequences
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction


class Hold(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """While it stands, no event leaves the database and nobody's name is replaced."""

    id: int
    reason: str
    created_by: str
    created_at: clock.Millis


class LastRun(msgspec.Struct, frozen=True, kw_only=True):
    """How the last run of the archiver went, or is going."""

    started_at: clock.Millis
    finished_at: clock.Millis | None
    segments: int
    events: int
    error: str | None


def _to_segment(first_id: int, last_id: int, first_at: int, last_at: int, size: int, sha256: str, file: str) -> Segment:
    return Segment(
        first_id=first_id,
        last_id=last_id,
        first_at=first_at,
        last_at=last_at,
        size=size,
        sha256=sha256,
        file=file,
    )


_SEGMENT = select(*(log_segments.c[name] for name in Segment.__struct_fields__)).order_by(log_segments.c.first_id)
_SEGMENTS = Query(_SEGMENT, _to_segment)
_OVERLAPPING = Query(
    _SEGMENT.where(log_segments.c.first_id <= bindparam("last"), log_segments.c.last_id >= bindparam("first")),
    _to_segment,
)
_FROM_MOMENT = Query(_SEGMENT.where(log_segments.c.last_at >= bindparam("moment")).limit(1), _to_segment)
_LAST_ID = Query(select(func.max(log_segments.c.last_id)), lambda last: int(last or 0))
_REPLACED = Query(
    select(log_segments.c.first_id, log_segments.c.replaced).where(log_segments.c.replaced.is_not(None)),
    lambda first, file: (int(first), str(file)),
)
_ADD = Write[Any](insert(log_segments))
_REPLACE = Write[Any](
    update(log_segments)
    .where(log_segments.c.first_id == bindparam("first"), log_segments.c.file == bindparam("old_file"))
    .values(size=bindparam("size"), sha256=bindparam("sha256"), file=bindparam("file"), replaced=bindparam("old_file"))
)
_FORGET_REPLACED = Write[Any](
    update(log_segments).where(log_segments.c.first_id == bindparam("first")).values(replaced=null())
)
_NOTE = Write[Any](upsert(log_newest, key=["kind", "name"], update=["event_id", "created_at"]))


def segments(tx: Transaction) -> list[Segment]:
    """All of them, oldest first."""
    return tx.all(_SEGMENTS)


def overlapping(tx: Transaction, first: int, last: int) -> list[Segment]:
    """Those that have events from `first` to `last`, oldest first."""
    return tx.all(_OVERLAPPING, first=first, last=last)


def from_moment(tx: Transaction, moment: clock.Millis) -> Segment | None:
    """The oldest that has an event of `moment` or later."""
    return tx.first(_FROM_MOMENT, moment=moment)


def last_archived(tx: Transaction) -> int:
    """The newest event that is in a segment; 0 when there is none."""
    return tx.first(_LAST_ID) or 0


def add(tx: Transaction, segment: Segment, newest: Sequence[Newest]) -> None:
    tx.write(_ADD, **msgspec.structs.asdict(segment), replaced=None)
    tx.write_many(_NOTE, [msgspec.structs.asdict(each) for each in newest])


def replace(tx: Transaction, old: Segment, new: Segment) -> bool:
    """Puts `new` in the place of `old`. False when `old` is there no more."""
    done = tx.write(_REPLACE, first=old.first_id, old_file=old.file, size=new.size, sha256=new.sha256, file=new.file)
    return bool(done)


def replaced_files(tx: Transaction) -> list[tuple[int, str]]:
    """Files that are to be deleted, with the first event of the segment that took their place."""
    return tx.all(_REPLACED)


def forget_replaced(tx: Transaction, first_id: int) -> None:
    tx.write(_FORGET_REPLACED, first=first_id)


_HOLDS = Query(
    select(log_holds.c.id, log_holds.c.reason, log_holds.c.created_by, log_holds.c.created_at).order_by(log_holds.c.id),
    lambda id_, reason, by, at: Hold(id=id_, reason=reason, created_by=by, created_at=at),
)
_ADD_HOLD = Write[Any](insert(log_holds))
_REMOVE_HOLD = Write[Any](delete(log_holds).where(log_holds.c.id == bindparam("hold")))
_HOLD_NUMBERS = "log_holds"
# Placing a hold takes a number from here, which locks the row. Who is about to remove events locks it too, and sees
# the hold or is done before it.
_LOCK_NUMBERS = Query(select(sequences.c.last).where(sequences.c.name == _HOLD_NUMBERS).with_for_update(), int)


def holds(tx: Transaction) -> list[Hold]:
    return tx.all(_HOLDS)


def holds_for_certain(tx: Transaction) -> list[Hold]:
    """Those that stand, and until the unit ends no other comes."""
    tx.first(_LOCK_NUMBERS)
    return holds(tx)


def add_hold(tx: Transaction, reason: str, created_by: str, now: clock.Millis) -> Hold:
    hold = Hold(id=next_id(tx, _HOLD_NUMBERS), reason=reason, created_by=created_by, created_at=now)
    tx.write(_ADD_HOLD, id=hold.id, reason=reason, created_by=created_by, created_at=now)
    return hold


def remove_hold(tx: Transaction, hold_id: int) -> None:
    tx.write(_REMOVE_HOLD, hold=hold_id)


_RUN = "archive"
_LAST_RUN = Query(
    select(log_runs.c.started_at, log_runs.c.finished_at, log_runs.c.segments, log_runs.c.events, log_runs.c.error),
    lambda started, finished, segments_, events, error: LastRun(
        started_at=started, finished_at=finished, segments=segments_, events=events, error=error
    ),
)
_SAVE_RUN = Write[Any](
    upsert(log_runs, key=["name"], update=["started_at", "finished_at", "segments", "events", "error"])
)


def last_run(tx: Transaction) -> LastRun | None:
    return tx.first(_LAST_RUN)


def save_run(tx: Transaction, run: LastRun) -> None:
    tx.write(_SAVE_RUN, name=_RUN, **msgspec.structs.asdict(run))


_WRITING = Query(select(log_writing.c.folder), str)
_FORGET_WRITING = Write[Any](delete(log_writing))
_SET_WRITING = Write[Any](insert(log_writing))


def writing(tx: Transaction) -> str | None:
    """The folder into which a process writes, or did when it was killed."""
    return tx.first(_WRITING)


def set_writing(tx: Transaction, folder: str | None) -> None:
    tx.write(_FORGET_WRITING)
    if folder is not None:
        tx.write(_SET_WRITING, folder=folder)


_NEWEST = Query(
    select(log_newest.c.name, log_newest.c.event_id, log_newest.c.created_at).where(
        log_newest.c.kind == bindparam("kind")
    ),
    lambda name, event_id, created_at: (str(name), int(event_id), int(created_at)),
)


def newest_of(tx: Transaction, kind: str) -> list[tuple[str, int, clock.Millis]]:
    """Names, and the id and time of the newest archived event of each (see `tables.log_newest`)."""
    return tx.all(_NEWEST, kind=kind)
