"""The figures of projects on the wire."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from flagkeeper.eventlog.catalogue.payload import FeatureNaming, LinkTemplate
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.features.flags.model.lifecycle import Stage
from flagkeeper.features.flags.queries import ListedFlag
from flagkeeper.features.flags.schemas.flags import ListedFlagOut, shown_in_list
from flagkeeper.features.projects.model import Mode, ProjectEnvironment
from flagkeeper.features.projects.ports import FlagCounts
from flagkeeper.features.projects.schemas import OnboardingOut, shown_onboarding
from flagkeeper.kernel import clock
from flagkeeper.readmodels.project_figures.jobs import health_of
from flagkeeper.readmodels.project_figures.model import LeadTime, Stats, average
from flagkeeper.readmodels.project_figures.queries import Overview, Status


class StatsOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The last 30 days, and as many before."""

    avg_time_to_prod_current_window: float
    """In days."""
    created_current_window: int
    created_past_window: int
    archived_current_window: int
    archived_past_window: int
    project_activity_current_window: int
    project_activity_past_window: int
    project_members_added_current_window: int


class PlaceOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    environment: str
    default_strategy: DefaultStrategyData | UnsetType = UNSET


class TypeCountOut(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    count: int


class _Frame(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    version: int = 1
    name: str
    description: str | None
    mode: Mode
    default_stickiness: str
    feature_limit: int | None
    feature_naming: FeatureNaming
    stats: StatsOut
    health: int
    technical_debt: int
    members: int
    favorite: bool
    """One of yours."""
    environments: list[PlaceOut]
    created_at: clock.Iso
    updated_at: clock.Iso


class OverviewOut(_Frame, frozen=True, kw_only=True):
    link_templates: list[LinkTemplate]
    onboarding_status: OnboardingOut
    feature_type_counts: list[TypeCountOut]
    archived_at: clock.Iso | None


class HealthReportOut(_Frame, frozen=True, kw_only=True):
    features: list[ListedFlagOut]
    active_count: int
    stale_count: int
    potentially_stale_count: int


class NowOut(msgspec.Struct, frozen=True, kw_only=True):
    current: int


class ResourcesOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    members: int
    api_tokens: int
    segments: int


class ActiveDayOut(msgspec.Struct, frozen=True, kw_only=True):
    date: Annotated[str, Meta(description="A day (UTC), such as 2026-11-22.")]
    count: int


class StageSummaryOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    average_days: float | None
    current_flags: int


class ArchivedSummaryOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    current_flags: int
    lately: int = msgspec.field(name="last30Days")


class LifecycleOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    initial: StageSummaryOut
    pre_live: StageSummaryOut
    live: StageSummaryOut
    completed: StageSummaryOut
    archived: ArchivedSummaryOut


class TotalOut(msgspec.Struct, frozen=True, kw_only=True):
    total: int


class StatusOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    resources: ResourcesOut
    activity_count_by_date: list[ActiveDayOut]
    health: NowOut
    technical_debt: NowOut
    lifecycle_summary: LifecycleOut
    stale_flags: TotalOut


class LeadTimeOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    time_to_production: float
    """In days."""


class DeliveryOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    features: list[LeadTimeOut]
    project_average: float


class RatingOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    rating: int
    active_count: int
    stale_count: int
    potentially_stale_count: int


class MembersOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    current_members: int
    change: int
    """How many became members in the last 30 days."""


class InsightsOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    stats: StatsOut
    health: RatingOut
    technical_debt: RatingOut
    lead_time: DeliveryOut
    feature_type_counts: list[TypeCountOut]
    members: MembersOut


def shown_overview(overview: Overview) -> OverviewOut:
    project = overview.project
    return OverviewOut(
        **_frame(overview),
        link_templates=project.link_templates,
        onboarding_status=shown_onboarding(overview.onboarding),
        feature_type_counts=_types(overview),
        archived_at=None,  # one that is archived has no overview
    )


def shown_report(overview: Overview, flags: list[ListedFlag]) -> HealthReportOut:
    counts = overview.flags
    return HealthReportOut(
        **_frame(overview),
        features=[shown_in_list(each) for each in flags],
        active_count=counts.active - counts.stale,
        stale_count=counts.stale,
        potentially_stale_count=counts.potentially_stale,
    )


def shown_status(status: Status) -> StatusOut:
    healthy, stages = health_of(status.flags), status.stages
    return StatusOut(
        resources=ResourcesOut(members=status.members, api_tokens=status.api_tokens, segments=status.segments),
        activity_count_by_date=[
            ActiveDayOut(date=clock.to_iso(day * clock.DAY)[:10], count=count) for day, count in status.activity
        ],
        health=NowOut(current=healthy),
        technical_debt=NowOut(current=100 - healthy),
        lifecycle_summary=LifecycleOut(
            initial=StageSummaryOut(average_days=None, current_flags=stages.get(Stage.INITIAL, 0)),
            pre_live=StageSummaryOut(average_days=None, current_flags=stages.get(Stage.PRE_LIVE, 0)),
            live=StageSummaryOut(average_days=None, current_flags=stages.get(Stage.LIVE, 0)),
            completed=StageSummaryOut(average_days=None, current_flags=stages.get(Stage.COMPLETED, 0)),
            archived=ArchivedSummaryOut(current_flags=status.flags.archived, lately=status.archived_lately),
        ),
        stale_flags=TotalOut(total=status.flags.stale + status.flags.potentially_stale),
    )


def shown_delivery(lead_times: list[LeadTime]) -> DeliveryOut:
    return DeliveryOut(
        features=[LeadTimeOut(name=each.flag, time_to_production=each.days) for each in lead_times],
        project_average=average(lead_times),
    )


def shown_insights(overview: Overview, lead_times: list[LeadTime]) -> InsightsOut:
    healthy = health_of(overview.flags)
    return InsightsOut(
        stats=_stats(overview.stats),
        health=_rating(healthy, overview.flags),
        technical_debt=_rating(100 - healthy, overview.flags),
        lead_time=shown_delivery(lead_times),
        feature_type_counts=_types(overview),
        members=MembersOut(current_members=overview.members, change=overview.stats.members_added),
    )


def _frame(overview: Overview) -> dict[str, Any]:
    project, healthy = overview.project, health_of(overview.flags)
    return {
        "name": project.name,
        "description": project.description,
        "mode": project.mode,
        "default_stickiness": project.default_stickiness,
        "feature_limit": project.feature_limit,
        "feature_naming": project.feature_naming,
        "stats": _stats(overview.stats),
        "health": healthy,
        "technical_debt": 100 - healthy,
        "members": overview.members,
        "favorite": overview.favorite,
        "environments": [_place(each) for each in overview.environments],
        "created_at": clock.to_iso(project.created_at),
        "updated_at": clock.to_iso(project.updated_at),
    }


def _place(environment: ProjectEnvironment) -> PlaceOut:
    return PlaceOut(environment=environment.name, default_strategy=environment.default_strategy or UNSET)


def _types(overview: Overview) -> list[TypeCountOut]:
    return [TypeCountOut(type=type_, count=number) for type_, number in overview.types]


def _rating(rating: int, flags: FlagCounts) -> RatingOut:
    return RatingOut(
        rating=rating,
        active_count=flags.active - flags.stale,
        stale_count=flags.stale,
        potentially_stale_count=flags.potentially_stale,
    )


def _stats(stats: Stats) -> StatsOut:
    return StatsOut(
        avg_time_to_prod_current_window=stats.time_to_production,
        created_current_window=stats.created,
        created_past_window=stats.created_before,
        archived_current_window=stats.archived,
        archived_past_window=stats.archived_before,
        project_activity_current_window=stats.events,
        project_activity_past_window=stats.events_before,
        project_members_added_current_window=stats.members_added,
    )
