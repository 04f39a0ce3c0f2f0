"""Reading the figures of projects. Nothing here counts events: that was done when they were added up."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import bindparam, exists, func, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.environments.model import PRODUCTION
from flagkeeper.features.environments.tables import environments
from flagkeeper.features.flags.model.lifecycle import Stage
from flagkeeper.features.flags.queries import ListedFlag, flags_of_project, stages_in
from flagkeeper.features.flags.tables import feature_last_seen, features
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.projects.model import Project, ProjectEnvironment
from flagkeeper.features.projects.ports import FlagCounts, Onboarding, Progress
from flagkeeper.features.projects.tables import projects as project_table
from flagkeeper.features.segments.tables import segments
from flagkeeper.features.tokens.tables import api_tokens
from flagkeeper.features.usage.tables import client_application_usage
from flagkeeper.kernel import clock
from flagkeeper.readmodels.project_figures.model import (
    WINDOW,
    YEAR,
    Day,
    LeadTime,
    Stats,
    average,
    lead_time,
    stats,
)
from flagkeeper.readmodels.project_figures.tables import flag_first_enabled, project_days, project_health_days
from flagkeeper.storage.dialects import any_of, contains
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction

LEAD_TIME_TYPE = "release"
"""Flags of other types are not made to reach production once and for all."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    project: Project
    environments: list[ProjectEnvironment]
    flags: FlagCounts
    types: list[tuple[str, int]]
    """How many flags in use are of each type."""
    members: int
    stats: Stats
    onboarding: Onboarding
    favorite: bool


class Status(msgspec.Struct, frozen=True, kw_only=True):
    activity: list[tuple[int, int]]
    """Days of the last year on which something happened, with the number of events."""
    flags: FlagCounts
    stages: Mapping[Stage, int]
    """Flags in use by how far they have come."""
    archived_lately: int
    members: int
    api_tokens: int
    segments: int


class Window(msgspec.Struct, frozen=True):
    """The average health of the last days, and of as many before. None: nobody looked."""

    now: int | None
    before: int | None


_DAYS = Query(
    select(project_days.c.day, *(project_days.c[name] for name in Day._fields)).where(
        project_days.c.project == bindparam("project"), project_days.c.day >= bindparam("since")
    ),
    lambda day, *counted: (int(day), Day(*map(int, counted))),
)
_ACTIVITY = Query(
    select(project_days.c.day, project_days.c.events)
    .where(project_days.c.project == bindparam("project"), project_days.c.day >= bindparam("since"))
    .order_by(project_days.c.day),
    lambda day, events: (int(day), int(events)),
)
_IN_USE = (features.c.project == bindparam("project"), features.c.archived_at.is_(None))
_LEAD_TIMES = (
    select(features.c.name, features.c.created_at, func.min(flag_first_enabled.c.at).label("first"))
    .join(features, features.c.name == flag_first_enabled.c.feature_name)
    .join(environments, environments.c.name == flag_first_enabled.c.environment)
    .where(features.c.type == LEAD_TIME_TYPE, environments.c.type == PRODUCTION)
    .group_by(features.c.name, features.c.created_at)
    .order_by(features.c.name)
)
_ALL_LEAD_TIMES = Query(_LEAD_TIMES.where(features.c.project == bindparam("project")), lead_time)
_earlier = flag_first_enabled.alias()
_production = environments.alias()
_RECENT = _LEAD_TIMES.where(
    flag_first_enabled.c.at >= bindparam("since"),
    ~exists().where(
        _earlier.c.feature_name == flag_first_enabled.c.feature_name,
        _earlier.c.at < bindparam("since"),
        _production.c.name == _earlier.c.environment,
        _production.c.type == PRODUCTION,
    ),
)
_RECENT_LEAD_TIMES = Query(_RECENT.where(features.c.project == bindparam("project")), lead_time)
_RECENT_LEAD_TIMES_OF = Query(
    _RECENT.add_columns(features.c.project).group_by(features.c.project).where(any_of(features.c.project, "projects")),
    lambda flag, created_at, first, project: (str(project), lead_time(flag, created_at, first)),
)
_COUNTS = Query(
    select(
        features.c.type,
        features.c.archived_at.is_not(None).label("archived"),
        features.c.stale,
        features.c.potentially_stale,
        func.count(),
    )
    .where(features.c.project == bindparam("project"))
    .group_by("type", "archived", "stale", "potentially_stale")
    .order_by(features.c.type),
    lambda type_, archived, stale, potentially, number: (
        str(type_),
        FlagCounts(archived=number)
        if archived
        else FlagCounts(active=number, stale=number * bool(stale), potentially_stale=number * bool(potentially)),
    ),
)
_SEGMENTS = Query(select(func.count()).select_from(segments).where(segments.c.project == bindparam("project")), int)
_TOKENS = Query(select(func.count()).select_from(api_tokens).where(contains(api_tokens.c.projects, "quoted")), int)
_FIRST_FLAG = Query(
    select(features.c.name)
    .where(features.c.project == bindparam("project"))
    .order_by(features.c.created_at, features.c.name)
    .limit(1),
    str,
)
_USE = Query(
    select(client_application_usage.c.app_name)
    .where(client_application_usage.c.project == bindparam("project"))
    .limit(1),
    str,
)
_SEEN_FLAG = Query(
    select(features.c.name)
    .join(feature_last_seen, feature_last_seen.c.feature_name == features.c.name)
    .where(features.c.project == bindparam("project"))
    .limit(1),
    str,
)
_FIRST_FLAGS = Query(
    select(
        project_table.c.id,
        select(features.c.name)
        .where(features.c.project == project_table.c.id)
        .order_by(features.c.created_at, features.c.name)
        .limit(1)
        .scalar_subquery(),
    ).where(any_of(project_table.c.id, "projects")),
    columns,
)
_USED = Query(
    select(client_application_usage.c.project).distinct().where(any_of(client_application_usage.c.project, "projects")),
    str,
)
_WITH_SEEN_FLAGS = Query(
    select(features.c.project)
    .distinct()
    .join(feature_last_seen, feature_last_seen.c.feature_name == features.c.name)
    .where(any_of(features.c.project, "projects")),
    str,
)
_HEALTH = Query(
    select(project_health_days.c.day, project_health_days.c.health).where(
        project_health_days.c.project == bindparam("project"), project_health_days.c.day >= bindparam("since")
    ),
    lambda day, health: (int(day), int(health)),
)


def overview(tx: Transaction, project_id: str, visibility: Visibility, user_id: int) -> Overview:
    """As a user sees it. Raises `NotFound` when there is no such project, or the reader may not know of it."""
    projects.demand_visible(tx, project_id, visibility)
    today = _today()
    since = (today - WINDOW + 1) * clock.DAY
    recent = tx.all(_RECENT_LEAD_TIMES, project=project_id, since=since)
    days = dict(tx.all(_DAYS, project=project_id, since=today - 2 * WINDOW))
    types = tx.all(_COUNTS, project=project_id)
    return Overview(
        project=projects.project(tx, project_id),
        environments=projects.environments_of(tx, project_id),
        flags=_sum(counts for _, counts in types),
        types=_by_type(types),
        members=members(tx, project_id),
        stats=stats(days, recent, today),
        onboarding=onboarding(tx, project_id),
        favorite=project_id in projects.favorite_projects_of(tx, user_id),
    )


def insights(tx: Transaction, project_id: str, visibility: Visibility, user_id: int) -> tuple[Overview, list[LeadTime]]:
    """The overview with the lead times of all flags. Raises what `overview` does."""
    return overview(tx, project_id, visibility, user_id), lead_times(tx, project_id)


def health_report(
    tx: Transaction, project_id: str, visibility: Visibility, user_id: int
) -> tuple[Overview, list[ListedFlag]]:
    """The overview with all flags. Raises what `overview` does."""
    return overview(tx, project_id, visibility, user_id), flags_of_project(tx, project_id, user_id)


def status(tx: Transaction, project_id: str, visibility: Visibility) -> Status:
    """Raises `NotFound` when there is no such project, or the reader may not know of it."""
    projects.demand_visible(tx, project_id, visibility)
    today = _today()
    days = dict(tx.all(_DAYS, project=project_id, since=today - WINDOW + 1))
    return Status(
        activity=tx.all(_ACTIVITY, project=project_id, since=today - YEAR),
        flags=counts_of(tx, project_id),
        stages=stages_in(tx, project_id),
        archived_lately=sum(each.flags_archived for each in days.values()),
        members=members(tx, project_id),
        api_tokens=tx.first(_TOKENS, quoted=f'"{project_id}"') or 0,
        segments=tx.first(_SEGMENTS, project=project_id) or 0,
    )


def delivery(tx: Transaction, project_id: str, visibility: Visibility) -> list[LeadTime]:
    """How long flags took to reach production. Raises what `status` does."""
    projects.demand_visible(tx, project_id, visibility)
    return lead_times(tx, project_id)


def lead_times(tx: Transaction, project_id: str) -> list[LeadTime]:
    """Of all flags that the project has now, archived ones too, and that reached production."""
    return tx.all(_ALL_LEAD_TIMES, project=project_id)


def members(tx: Transaction, project_id: str) -> int:
    """How many have a role in it, also through groups."""
    return projects.members_of(tx, [project_id]).get(project_id, 0)


def counts_of(tx: Transaction, project_id: str) -> FlagCounts:
    """Its flags by their state."""
    return _sum(counts for _, counts in tx.all(_COUNTS, project=project_id))


def onboarding(tx: Transaction, project_id: str) -> Onboarding:
    """An SDK is connected when it has asked for a flag of the project, or its token is for this project."""
    connected = tx.first(_USE, project=project_id) or tx.first(_SEEN_FLAG, project=project_id)
    return Onboarding(tx.first(_FIRST_FLAG, project=project_id), connected is not None)


def progress(tx: Transaction, ids: list[str]) -> Mapping[str, Progress]:
    """How projects get on, by their ids (`features.projects.ports.ProjectProgress`)."""
    since = (_today() - WINDOW + 1) * clock.DAY
    connected = {*tx.all(_USED, projects=ids), *tx.all(_WITH_SEEN_FLAGS, projects=ids)}
    first = dict(tx.all(_FIRST_FLAGS, projects=ids))
    recent: defaultdict[str, list[LeadTime]] = defaultdict(list)
    for project, found in tx.all(_RECENT_LEAD_TIMES_OF, projects=ids, since=since):
        recent[project].append(found)
    return {
        project: Progress(
            time_to_production=average(recent[project]),
            onboarding=Onboarding(first.get(project), project in connected),
        )
        for project in ids
    }


def health_window(tx: Transaction, project_id: str) -> Window:
    """How healthy it was of late."""
    today = _today()
    days: Mapping[int, int] = dict(tx.all(_HEALTH, project=project_id, since=today - 2 * WINDOW + 1))
    now = [health for day, health in days.items() if day > today - WINDOW]
    before = [health for day, health in days.items() if day <= today - WINDOW]
    return Window(_mean(now), _mean(before))


def _sum(counts: Iterable[FlagCounts]) -> FlagCounts:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(active=each.active, stale=each.stale)
        total.update(potentially_stale=each.potentially_stale, archived=each.archived)
    return FlagCounts(**total)


def _by_type(counts: Iterable[tuple[str, FlagCounts]]) -> list[tuple[str, int]]:
    """The flags in use of each type."""
    total: Counter[str] = Counter()
    for type_, each in counts:
        total[type_] += each.active
    return [(type_, number) for type_, number in sorted(total.items()) if number]


def _mean(numbers: Sequence[int]) -> int | None:
    return round(sum(numbers) / len(numbers)) if numbers else None


def _today() -> int:
    return clock.now() // clock.DAY
