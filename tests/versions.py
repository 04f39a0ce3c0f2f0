"""The versions that are kept with events: of its own subject, as a table that tests can join, and all of them."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, select

from flagkeeper.eventlog import versions
from flagkeeper.eventlog.tables import events, log_subjects, log_versions
from flagkeeper.eventlog.version import Snapshot
from tests.log import Log

own_versions = (
    select(log_versions.c.event_id, log_subjects.c.kind, log_versions.c.schema, log_versions.c.state)
    .join(log_subjects, log_subjects.c.id == log_versions.c.subject_id)
    .join(events, and_(events.c.id == log_versions.c.event_id, events.c.subject == log_subjects.c.path))
    .subquery("own_versions")
)


def versions_of(log: Log, event_id: int) -> dict[str, Any]:
    """The states that were kept with an event, by subject; None for what was gone."""
    kinds = {each.kind: each for each in kinds_of(Snapshot)}
    found = log.reader.now(versions.between, event_id, event_id).get(event_id, ())
    return {each.path: kinds[each.kind].unpack(each.schema, each.state) for each in found}


def kinds_of(base: type[Snapshot]) -> Iterator[type[Snapshot]]:
    """Every kind of state that Flagkeeper keeps."""
    for each in base.__subclasses__():
        if each.__module__.startswith("flagkeeper."):
            yield each
        yield from kinds_of(each)
