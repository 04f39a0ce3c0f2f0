"""Versions as they are stored: the state of any subject at any event."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    LargeBinary,
    Select,
    Text,
    bindparam,
    column,
    delete,
    exists,
    func,
    insert,
    select,
)

from flagkeeper.eventlog.tables import log_subjects, log_versions
from flagkeeper.eventlog.version import StoredVersion
from flagkeeper.storage.dialects import any_of, elements
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_ROWS: Select[Any] = select(
    log_versions.c.event_id, log_subjects.c.path, log_subjects.c.kind, log_versions.c.schema, log_versions.c.state
).join(log_subjects, log_subjects.c.id == log_versions.c.subject_id)


def _row(event_id: int, path: str, kind: str, schema: int, state: bytes | None) -> tuple[int, StoredVersion]:
    return event_id, StoredVersion(path, kind, schema, None if state is None else bytes(state))


_BETWEEN = Query(
    _ROWS.where(log_versions.c.event_id >= bindparam("first"), log_versions.c.event_id <= bindparam("last")).order_by(
        log_versions.c.event_id, log_subjects.c.path
    ),
    _row,
)
_AT = Query(
    _ROWS.where(log_subjects.c.path == bindparam("path"), log_versions.c.event_id <= bindparam("event_id"))
    .order_by(log_versions.c.event_id.desc())
    .limit(1),
    _row,
)
_HISTORY = Query(_ROWS.where(log_subjects.c.path == bindparam("path")).order_by(log_versions.c.event_id), _row)
_SUBJECTS = Query(
    select(log_subjects.c.path)
    .where(exists().where(log_versions.c.subject_id == log_subjects.c.id))
    .order_by(log_subjects.c.path),
    str,
)
# Both run with the commit, in its round trip: that takes no ids of subjects. The log is locked: nobody else adds any.
_PATHS = elements("paths").table_valued(column("value", Text), name="value")
_LAST_SUBJECT = select(func.coalesce(func.max(log_subjects.c.id), 0)).scalar_subquery()
_ADD_SUBJECTS = Write[Any](
    insert(log_subjects).from_select(
        ["id", "kind", "path"],
        select(
            _LAST_SUBJECT + func.row_number().over(order_by=_PATHS.c.value),
            bindparam("kind", type_=Text),
            _PATHS.c.value,
        ).where(~exists().where(log_subjects.c.path == _PATHS.c.value)),
    )
)
_ADD = Write[Any](
    insert(log_versions).from_select(
        ["event_id", "subject_id", "schema", "state"],
        select(
            bindparam("event_id", type_=BigInteger),
            log_subjects.c.id,
            bindparam("schema", type_=Integer),
            bindparam("state", type_=LargeBinary),
        ).where(log_subjects.c.path == bindparam("path", type_=Text)),
    )
)
_PATHS_OF = Query(
    select(log_subjects.c.path)
    .join(log_versions, log_versions.c.subject_id == log_subjects.c.id)
    .where(any_of(log_versions.c.event_id, "event_ids"))
    .distinct(),
    str,
)
_REMOVE_OF = Write[Any](delete(log_versions).where(any_of(log_versions.c.event_id, "event_ids")))
_REMOVE_UP_TO = Write[Any](delete(log_versions).where(log_versions.c.event_id <= bindparam("last")))
_REMOVE_UNUSED = Write[Any](
    delete(log_subjects).where(
        any_of(log_subjects.c.path, "paths"), ~exists().where(log_versions.c.subject_id == log_subjects.c.id)
    )
)


def between(tx: Transaction, first: int, last: int) -> dict[int, tuple[StoredVersion, ...]]:
    """The versions of the events from `first` to `last` that are in the database, by event, each in order of paths."""
    found: defaultdict[int, list[StoredVersion]] = defaultdict(list)
    for event_id, version in tx.all(_BETWEEN, first=first, last=last):
        found[event_id].append(version)
    return {event_id: tuple(versions) for event_id, versions in found.items()}


def subjects(tx: Transaction) -> list[str]:
    """The paths of all subjects that have a version in the database."""
    return tx.all(_SUBJECTS)


def history(tx: Transaction, path: str) -> list[StoredVersion]:
    """The versions of a subject in the database, oldest first."""
    return [version for _, version in tx.all(_HISTORY, path=path)]


def version_at(tx: Transaction, path: str, event_id: int) -> StoredVersion | None:
    """The newest version of the subject `path` up to the event, in the database; None when it has none there."""
    found = tx.first(_AT, path=path, event_id=event_id)
    return found[1] if found else None


def add(tx: Transaction, made: Sequence[tuple[int, StoredVersion]]) -> None:
    """Stores versions of events, by the commit at the latest. The log must be locked."""
    paths: defaultdict[str, set[str]] = defaultdict(set)
    for _, version in made:
        paths[version.kind].add(version.path)
    tx.later(_ADD_SUBJECTS, [{"kind": kind, "paths": sorted(found)} for kind, found in paths.items()])
    tx.later(
        _ADD,
        [
            {"event_id": event_id, "path": version.path, "schema": version.schema, "state": version.state}
            for event_id, version in made
        ],
    )


def rewrite(tx: Transaction, made: Sequence[tuple[int, StoredVersion]], event_ids: Sequence[int]) -> None:
    """Puts `made` in the place of all versions of these events. Paths that nothing is left of go."""
    old = tx.all(_PATHS_OF, event_ids=list(event_ids))
    tx.write(_REMOVE_OF, event_ids=list(event_ids))
    add(tx, made)
    tx.write(_REMOVE_UNUSED, paths=old)


def remove(tx: Transaction, last: int) -> None:
    """Removes the versions of all events up to `last`. Paths stay."""
    tx.write(_REMOVE_UP_TO, last=last)
