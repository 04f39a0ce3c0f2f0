"""Reading insights. Nothing here counts events: that was done when they were added up. What is told of projects is
told of those that the reader may know and that are still there."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access.model import hidden_projects
from flagkeeper.features.environments.tables import environments
from flagkeeper.features.flags.queries import project_flags
from flagkeeper.features.flags.tables import feature_completions, feature_stages, features
from flagkeeper.features.projects.ports import FlagCounts, ProjectProgress
from flagkeeper.features.projects.queries import all_projects, members_of
from flagkeeper.features.projects.tables import projects
from flagkeeper.features.tokens.queries import last_seen
from flagkeeper.features.usage.tables import client_metrics
from flagkeeper.features.users.queries import all_users
from flagkeeper.kernel.clock import DAY, Millis
from flagkeeper.readmodels.insights.model import (
    ACTIVE,
    Counted,
    Life,
    Period,
    ProjectUsage,
    ProjectWeek,
    Users,
    WeekCount,
    start_of,
    week_of,
)
from flagkeeper.readmodels.insights.tables import project_week_counts, project_week_usage, project_weeks, user_days
from flagkeeper.storage.dialects import none_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction


class Insights(msgspec.Struct, frozen=True, kw_only=True):
    users: Sequence[Users]
    weeks: Sequence[ProjectWeek]
    usage: Sequence[ProjectUsage]
    counts: Sequence[WeekCount]
    types: Mapping[str, str]
    """The type of each environment that there is."""
    live: Mapping[tuple[int, str], int]
    """By week and project, how many flags became live."""


_IN_PERIOD: tuple[Any, Any] = (bindparam("first"), bindparam("last"))
_WEEKS, _USAGE, _COUNTS = (
    select(*table.c)
    .join(projects, projects.c.id == table.c.project)
    .where(table.c.week.between(*_IN_PERIOD), none_of(table.c.project, "hidden"))
    .order_by(table.c.week, table.c.project)
    for table in (project_weeks, project_week_usage, project_week_counts)
)
_ALL_WEEKS, _ALL_USAGE = Query(_WEEKS, ProjectWeek), Query(_USAGE, ProjectUsage)
_ALL_COUNTS = Query(
    _COUNTS.order_by(project_week_counts.c.counted, project_week_counts.c.name),
    lambda project, week, counted, name, number: WeekCount(project, week, Counted(counted), name, number),
)
_USERS = Query(
    select(*user_days.c).where(user_days.c.day.between(*_IN_PERIOD)).order_by(user_days.c.day),
    Users,
)
_TYPES = Query(select(environments.c.name, environments.c.type), lambda name, type_: (str(name), str(type_)))
_LIVE = Query(
    select(features.c.project, feature_stages.c.live_at)
    .join(feature_stages, feature_stages.c.feature_name == features.c.name)
    .where(feature_stages.c.live_at.between(*_IN_PERIOD), none_of(features.c.project, "hidden")),
    lambda project, at: (week_of(at), str(project)),
)
_LIVES = Query(
    select(
        features.c.type,
        func.coalesce(feature_stages.c.revived_at, features.c.created_at),
        feature_stages.c.live_at,
        feature_completions.c.at,
        features.c.archived_at,
        features.c.project,
    )
    .outerjoin(feature_stages, feature_stages.c.feature_name == features.c.name)
    .outerjoin(feature_completions, feature_completions.c.feature_name == features.c.name)
    .where(none_of(features.c.project, "hidden")),
    lambda *columns: (str(columns[-1]), Life(*columns[:-1])),
)
_REPORTED = Query(
    select(
        features.c.project,
        func.sum(client_metrics.c.yes),
        func.sum(client_metrics.c.no),
        func.count(client_metrics.c.app_name.distinct()),
        func.count(client_metrics.c.feature_name.distinct()),
        func.count(client_metrics.c.environment.distinct()),
    )
    .join(features, features.c.name == client_metrics.c.feature_name)
    .where(client_metrics.c.span == "day", client_metrics.c.start.between(*_IN_PERIOD))
    .group_by(features.c.project),
    lambda project, *numbers: (str(project), [int(each) for each in numbers]),
)


def insights(tx: Transaction, period: Period, visibility: Visibility) -> Insights:
    hidden = sorted(hidden_projects(visibility))
    weeks = {**dict(zip(("first", "last"), period.weeks, strict=True)), "hidden": hidden}
    live: dict[tuple[int, str], int] = {}
    first, last = period.weeks
    for key in tx.all(_LIVE, first=start_of(first), last=start_of(last + 1) - 1, hidden=hidden):
        live[key] = live.get(key, 0) + 1
    return Insights(
        users=users_of(tx, period),
        weeks=tx.all(_ALL_WEEKS, **weeks),
        usage=tx.all(_ALL_USAGE, **weeks),
        counts=tx.all(_ALL_COUNTS, **weeks),
        types=dict(tx.all(_TYPES)),
        live=live,
    )


def lives(tx: Transaction, wanted: Sequence[str], visibility: Visibility) -> list[Life]:
    """The lives of all flags, archived ones too; `wanted`: of these projects only, if there are any."""
    found = tx.all(_LIVES, hidden=sorted(hidden_projects(visibility)))
    return [life for project, life in found if not wanted or project in wanted]


def users_of(tx: Transaction, period: Period) -> list[Users]:
    first, last = period.days
    return tx.all(_USERS, first=first, last=last)


def users_now(tx: Transaction, now: Millis) -> Users:
    people, seen = all_users(tx), last_seen(tx)
    active = sum(seen.get(each.user.id, 0) > now - ACTIVE for each in people)
    return Users(now // DAY, now, len(people), active)


def weeks_now(tx: Transaction, progress: ProjectProgress, now: Millis) -> list[ProjectWeek]:
    ids = [each.id for each in all_projects(tx)]
    flags, members, made = project_flags(tx, ids), members_of(tx, ids), progress(tx, ids)
    found = ((each, flags.get(each, FlagCounts())) for each in ids)
    return [
        ProjectWeek(
            project=project,
            week=week_of(now),
            at=now,
            flags=counts.active,
            stale=counts.stale,
            potentially_stale=counts.potentially_stale,
            members=members.get(project, 0),
            days_to_production=made[project].time_to_production,
        )
        for project, counts in found
    ]


def usage_now(tx: Transaction, week: int, now: Millis) -> list[ProjectUsage]:
    """What has been reported of a week by now."""
    found = tx.all(_REPORTED, first=start_of(week), last=start_of(week + 1) - 1)
    return [ProjectUsage(project, week, min(now, start_of(week + 1) - 1), *numbers) for project, numbers in found]
