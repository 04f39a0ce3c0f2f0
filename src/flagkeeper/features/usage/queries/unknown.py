"""Flags that SDKs asked for, and nobody has created."""

from collections import defaultdict

import msgspec
from sqlalchemy import func, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.tables import events, log_subjects, log_versions
from flagkeeper.features.access.model import is_hidden
from flagkeeper.features.flags.tables import features
from flagkeeper.features.usage.queries.applications import hidden_from
from flagkeeper.features.usage.tables import unknown_flags as table
from flagkeeper.kernel import clock
from flagkeeper.storage.dialects import any_of, none_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

MOST_UNKNOWN = 1_000
"""Shown: those asked for last."""


class UnknownFlag(msgspec.Struct, frozen=True):
    name: str
    last_event_at: clock.Millis | None
    """When it last changed, where it is one that there was."""
    reports: dict[str, dict[str, clock.Millis]]
    """By application and environment: when it was last asked for."""

    @property
    def seen_at(self) -> clock.Millis:
        return max(at for places in self.reports.values() for at in places.values())


NOT_HIDDEN_NOR_KNOWN = table.c.name.not_in(select(features.c.name).where(none_of(features.c.project, "hidden")))
"""Created since it was asked for; one of a hidden project is as unknown to the reader as ever."""
_NAMES = (
    select(table.c.name)
    .where(none_of(table.c.app_name, "unseen"), NOT_HIDDEN_NOR_KNOWN)
    .group_by(table.c.name)
    .order_by(func.max(table.c.seen_at).desc(), table.c.name)
    .limit(MOST_UNKNOWN)
)
_LAST = Query(_NAMES, str)
_REPORTS = Query(
    select(table.c.name, table.c.app_name, table.c.environment, table.c.seen_at)
    .where(any_of(table.c.name, "names"), none_of(table.c.app_name, "unseen"))
    .order_by(table.c.app_name, table.c.environment),
    lambda name, application, environment, at: (str(name), str(application), str(environment), int(at)),
)
_NEWEST = (
    select(func.max(log_versions.c.event_id))
    .where(log_versions.c.subject_id == log_subjects.c.id)
    .correlate(log_subjects)
    .scalar_subquery()
)
_LAST_EVENTS = Query(
    select(log_subjects.c.path, events.c.project, events.c.created_at)
    .select_from(log_subjects)
    .join(events, events.c.id == _NEWEST)
    .where(any_of(log_subjects.c.path, "paths")),
    lambda path, project, at: (str(path), project, int(at)),
)


def unknown_flags(tx: Transaction, visibility: Visibility) -> list[UnknownFlag]:
    """By name; without what only applications asked for that read nothing but hidden projects."""
    hidden, unseen = hidden_from(tx, visibility)
    names = sorted(tx.all(_LAST, unseen=unseen, hidden=hidden))
    reports: defaultdict[str, dict[str, dict[str, clock.Millis]]] = defaultdict(dict)
    for name, application, environment, at in tx.all(_REPORTS, names=names, unseen=unseen):
        reports[name].setdefault(application, {})[environment] = at
    last_events = {
        path: at
        for path, project, at in tx.all(_LAST_EVENTS, paths=[f"flag/{name}" for name in names])
        if not is_hidden(project, visibility)
    }
    return [UnknownFlag(name, last_events.get(f"flag/{name}"), reports[name]) for name in names]
