"""Insights on the wire."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from flagkeeper.features.projects.model import health
from flagkeeper.kernel import clock
from flagkeeper.readmodels.insights.model import (
    Category,
    Counted,
    Phase,
    ProjectUsage,
    ProjectWeek,
    Trend,
    Users,
    WeekCount,
    name_of,
    start_of,
)
from flagkeeper.readmodels.insights.queries import Insights


class UserTrend(msgspec.Struct, frozen=True, kw_only=True):
    date: clock.Iso
    total: int
    active: int
    """Those who logged in or used a token within 60 days."""
    inactive: int


class FlagTrend(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    date: clock.Iso
    total: int
    active: int
    """Neither stale nor potentially stale."""
    stale: int
    potentially_stale: int


class ProjectFlagTrend(FlagTrend, frozen=True, kw_only=True, rename="camel"):
    week: str
    """By ISO 8601, such as 2026-48."""
    project: str
    health: int
    technical_debt: int
    time_to_production: float
    """In days: how long flags took that reached production in the last 30 days, on average."""
    users: int
    """Members of the project."""


class MetricsTrend(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    week: str
    date: clock.Iso
    project: str
    total_requests: int
    """How often SDKs asked for a flag of the project."""
    total_yes: int
    total_no: int
    total_apps: int
    total_flags: int
    total_environments: int


class EnvironmentTypeTrend(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    week: str
    date: clock.Iso
    environment_type: str
    total_updates: int


class LiveTrend(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    week: str
    date: clock.Iso
    project: str
    new_production_flags: int


class CreationTrend(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    week: str
    date: clock.Iso
    project: str
    created_flags: dict[str, int]
    """By type."""
    archived_flags: int


class InsightsOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Weeks are dated when they were last looked at, and those that are counted in the log when they began."""

    user_trends: list[UserTrend]
    flag_trends: list[FlagTrend]
    project_flag_trends: list[ProjectFlagTrend]
    metrics_summary_trends: list[MetricsTrend]
    environment_type_trends: list[EnvironmentTypeTrend]
    lifecycle_trends: list[LiveTrend]
    creation_archive_trends: list[CreationTrend]


class CategoryOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    flags_older_than_week: int
    new_flags_this_week: int


class Categories(msgspec.Struct, frozen=True, kw_only=True):
    experimental: CategoryOut
    release: CategoryOut
    permanent: CategoryOut


class TrendOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    total_flags: int
    median_days_in_current_stage: float
    median_days_historically: float
    """Of flags that left it."""
    categories: Categories


class Trends(msgspec.Struct, frozen=True, kw_only=True):
    develop: TrendOut
    production: TrendOut
    cleanup: TrendOut


class LifecycleOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    lifecycle_trends: Trends


class LicensedDay(msgspec.Struct, frozen=True, kw_only=True):
    date: clock.Iso
    count: int


class LicensedUsers(msgspec.Struct, frozen=True, kw_only=True):
    current: int
    history: list[LicensedDay]


class LicensedUsersOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    seat_count: int = 0
    """Nothing is sold here, so no seats were bought, and none are missing."""
    licensed_users: LicensedUsers


def shown(found: Insights) -> InsightsOut:
    return InsightsOut(
        user_trends=[_users(each) for each in found.users],
        flag_trends=_flags(found.weeks),
        project_flag_trends=[_project(each) for each in found.weeks],
        metrics_summary_trends=[_usage(each) for each in found.usage],
        environment_type_trends=_types(found.counts, found.types),
        lifecycle_trends=[
            LiveTrend(week=name_of(week), date=_start(week), project=project, new_production_flags=number)
            for (week, project), number in sorted(found.live.items())
        ],
        creation_archive_trends=list(_creations(found.counts)),
    )


def shown_trends(found: Mapping[Phase, Trend]) -> LifecycleOut:
    return LifecycleOut(lifecycle_trends=Trends(**{phase: _trend(found[phase]) for phase in Phase}))


def shown_licensed(now: Users, before: Sequence[Users]) -> LicensedUsersOut:
    """Today is counted as it is now."""
    days = [*(each for each in before if each.day != now.day), now]
    history = [LicensedDay(date=clock.to_iso(each.at), count=each.active) for each in days]
    return LicensedUsersOut(licensed_users=LicensedUsers(current=now.active, history=history))


def _users(found: Users) -> UserTrend:
    inactive = found.people - found.active
    return UserTrend(date=clock.to_iso(found.at), total=found.people, active=found.active, inactive=inactive)


def _flags(weeks: Sequence[ProjectWeek]) -> list[FlagTrend]:
    """Of all projects together."""
    together: defaultdict[int, list[ProjectWeek]] = defaultdict(list)
    for each in weeks:
        together[each.week].append(each)
    return [
        FlagTrend(
            date=clock.to_iso(max(each.at for each in found)),
            total=sum(each.flags for each in found),
            active=sum(map(_active, found)),
            stale=sum(each.stale for each in found),
            potentially_stale=sum(each.potentially_stale for each in found),
        )
        for _, found in sorted(together.items())
    ]


def _active(week: ProjectWeek) -> int:
    return week.flags - week.stale - week.potentially_stale


def _project(found: ProjectWeek) -> ProjectFlagTrend:
    healthy = health(flags=found.flags, stale=found.stale, potentially_stale=found.potentially_stale)
    return ProjectFlagTrend(
        week=name_of(found.week),
        date=clock.to_iso(found.at),
        project=found.project,
        total=found.flags,
        active=_active(found),
        stale=found.stale,
        potentially_stale=found.potentially_stale,
        health=healthy,
        technical_debt=100 - healthy,
        time_to_production=found.days_to_production,
        users=found.members,
    )


def _usage(found: ProjectUsage) -> MetricsTrend:
    return MetricsTrend(
        week=name_of(found.week),
        date=clock.to_iso(found.at),
        project=found.project,
        total_requests=found.yes + found.no,
        total_yes=found.yes,
        total_no=found.no,
        total_apps=found.applications,
        total_flags=found.flags,
        total_environments=found.environments,
    )


def _types(counts: Sequence[WeekCount], types: Mapping[str, str]) -> list[EnvironmentTypeTrend]:
    """By the types that environments have now; one that is gone has none, and counts no more."""
    found: Counter[tuple[int, str]] = Counter()
    for each in counts:
        if each.counted is Counted.CHANGED and each.name in types:
            found[each.week, types[each.name]] += each.number
    return [
        EnvironmentTypeTrend(week=name_of(week), date=_start(week), environment_type=type_, total_updates=number)
        for (week, type_), number in sorted(found.items())
    ]


def _creations(counts: Sequence[WeekCount]) -> Iterator[CreationTrend]:
    created: defaultdict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    archived: Counter[tuple[int, str]] = Counter()
    for each in counts:
        if each.counted is Counted.CREATED:
            created[each.week, each.project][each.name] = each.number
        elif each.counted is Counted.ARCHIVED:
            archived[each.week, each.project] += each.number
    for week, project in sorted(created.keys() | archived.keys()):
        yield CreationTrend(
            week=name_of(week),
            date=_start(week),
            project=project,
            created_flags=created.get((week, project), {}),
            archived_flags=archived[week, project],
        )


def _start(week: int) -> clock.Iso:
    return clock.to_iso(start_of(week))


def _trend(found: Trend) -> TrendOut:
    return TrendOut(
        total_flags=found.flags,
        median_days_in_current_stage=found.days_now,
        median_days_historically=found.days_before,
        categories=Categories(
            **{
                each: CategoryOut(
                    flags_older_than_week=found.older.get(each, 0), new_flags_this_week=found.new.get(each, 0)
                )
                for each in Category
            }
        ),
    )
