"""Loading and saving segments, for commands. Private to this slice."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, update

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.features.segments.model import Segment
from flagkeeper.features.segments.tables import segments
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.sequences import last_id, next_id, take_up_to
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

COLUMNS = (
    segments.c.id,
    segments.c.name,
    segments.c.description,
    segments.c.constraints,
    segments.c.project,
    segments.c.created_by,
    segments.c.created_at,
)


def to_segment(
    id_: int, name: str, description: str | None, constraints: str, project: str | None, by: str, at: int
) -> Segment:
    """A row of `COLUMNS` as a segment."""
    return Segment(
        id=id_,
        name=name,
        description=description,
        constraints=msgspec.json.decode(constraints, type=list[Constraint]),
        project=project,
        created_by=by,
        created_at=at,
    )


_BY_ID = Query(select(*COLUMNS).where(segments.c.id == bindparam("id")).with_for_update(), to_segment)
_OF_PROJECT = Query(
    select(*COLUMNS).where(segments.c.project == bindparam("project")).order_by(segments.c.id).with_for_update(),
    to_segment,
)
_ID_OF_NAME = Query(select(segments.c.id).where(segments.c.name == bindparam("name")), lambda id_: int(id_))
_COUNT = Query(select(func.count()).select_from(segments), lambda number: int(number))
_INSERT = Write[Any](insert(segments))
_UPDATE = Write[Any](
    update(segments)
    .where(segments.c.id == bindparam("id"))
    .values(
        name=bindparam("name"),
        description=bindparam("description"),
        constraints=bindparam("constraints"),
        project=bindparam("project"),
    )
)
_DELETE = Write[Any](delete(segments).where(segments.c.id == bindparam("id")))
_CREATORS = Query(
    select(segments.c.id, segments.c.created_by).order_by(segments.c.id), lambda id_, by: (int(id_), str(by))
)
_RENAME = Write[Any](update(segments).where(segments.c.id == bindparam("id")).values(created_by=bindparam("new_name")))


def creators(tx: Transaction) -> list[tuple[int, str]]:
    """Pairs of segment and creator."""
    return tx.all(_CREATORS)


def rename_creator(tx: Transaction, segment_id: int, created_by: str) -> None:
    tx.write(_RENAME, id=segment_id, new_name=created_by)


def new_id(tx: Transaction) -> int:
    return next_id(tx, "segments")


def take_id(tx: Transaction, segment_id: int) -> None:
    """Gives out this id, and with it all below."""
    take_up_to(tx, "segments", segment_id)


def last_given(tx: Transaction) -> int:
    """The largest id that a segment ever had."""
    return last_id(tx, "segments")


def find(tx: Transaction, segment_id: int) -> Segment | None:
    """The segment, locked until the unit ends."""
    return tx.first(_BY_ID, id=segment_id)


def load(tx: Transaction, segment_id: int) -> Segment:
    """The same. Raises `NotFound` when there is no such segment."""
    found = find(tx, segment_id)
    if found is None:
        raise NotFound(f"There is no segment with the id {segment_id}.")
    return found


def of_project(tx: Transaction, project: str) -> list[Segment]:
    """Those that belong to it, locked until the unit ends."""
    return tx.all(_OF_PROJECT, project=project)


def id_of_name(tx: Transaction, name: str) -> int | None:
    return tx.first(_ID_OF_NAME, name=name)


def was_given(tx: Transaction, segment_id: int) -> bool:
    """Whether a segment ever had this id."""
    return 0 < segment_id <= last_id(tx, "segments")


def count(tx: Transaction) -> int:
    return tx.first(_COUNT) or 0


def add(tx: Transaction, segment: Segment) -> None:
    tx.write(_INSERT, **_row(segment), created_by=segment.created_by, created_at=segment.created_at)


def save(tx: Transaction, segment: Segment) -> None:
    tx.write(_UPDATE, **_row(segment))


def remove(tx: Transaction, segment_id: int) -> None:
    tx.write(_DELETE, id=segment_id)


def _row(segment: Segment) -> dict[str, Any]:
    return {
        "id": segment.id,
        "name": segment.name,
        "description": segment.description,
        "constraints": msgspec.json.encode(segment.constraints).decode(),
        "project": segment.project,
    }
