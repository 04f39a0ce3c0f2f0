"""The personal dashboard on the wire."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.payload import one_of
from flagkeeper.eventlog.read import EventOut
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.projects.queries import ListedProject
from flagkeeper.features.projects.schemas import (
    GroupOwner,
    OnboardingOut,
    SystemOwner,
    UserOwner,
    shown_onboarding,
    shown_owner,
    shown_person,
)
from flagkeeper.features.users.model.user import User, image_url
from flagkeeper.kernel import clock
from flagkeeper.readmodels.project_figures.dashboard import Dashboard, ProjectDetails
from flagkeeper.readmodels.project_figures.jobs import health_of


class OwnProjectOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    name: str
    health: int
    technical_debt: int
    member_count: int
    feature_count: int


class OwnFlagOut(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    project: str
    type: str


class AdminOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    name: str | UnsetType
    username: str | UnsetType
    image_url: str


class DashboardOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    projects: list[OwnProjectOut]
    flags: list[OwnFlagOut]
    project_owners: list[UserOwner]
    admins: list[AdminOut]


class LatestEventOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    summary: Annotated[str | None, msgspec.Meta(description="In Markdown.")]
    created_by: str
    created_by_image_url: str
    created_at: clock.Iso


class OwnRoleOut(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    type: Annotated[str, one_of("custom", "project")]


class OwnInsightsOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    avg_health_current_window: int | None
    """Of the last 30 days. Null: they were not looked at."""
    avg_health_past_window: int | None
    total_flags: int
    active_flags: int
    stale_flags: int
    potentially_stale_flags: int
    health: int
    technical_debt: int


class ProjectDetailsOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    latest_events: list[LatestEventOut]
    onboarding_status: OnboardingOut
    owners: list[UserOwner | GroupOwner | SystemOwner]
    roles: list[OwnRoleOut]
    insights: OwnInsightsOut


def shown_dashboard(dashboard: Dashboard) -> DashboardOut:
    return DashboardOut(
        projects=[_project(each) for each in dashboard.projects],
        flags=[_flag(each) for each in dashboard.flags],
        project_owners=[shown_person(each) for each in dashboard.owners],
        admins=[_admin(each.user) for each in dashboard.admins],
    )


def shown_details(details: ProjectDetails) -> ProjectDetailsOut:
    flags, healthy = details.flags, health_of(details.flags)
    return ProjectDetailsOut(
        latest_events=[_event(each) for each in details.latest],
        onboarding_status=shown_onboarding(details.onboarding),
        owners=[shown_owner(each) for each in details.owners] or [SystemOwner()],
        roles=[OwnRoleOut(id=each.id, name=each.name, type=each.type) for each in details.roles],
        insights=OwnInsightsOut(
            avg_health_current_window=details.health.now,
            avg_health_past_window=details.health.before,
            total_flags=flags.active,
            active_flags=flags.active - flags.stale,
            stale_flags=flags.stale,
            potentially_stale_flags=flags.potentially_stale,
            health=healthy,
            technical_debt=100 - healthy,
        ),
    )


def _project(listed: ListedProject) -> OwnProjectOut:
    healthy = health_of(listed.flags)
    return OwnProjectOut(
        id=listed.project.id,
        name=listed.project.name,
        health=healthy,
        technical_debt=100 - healthy,
        member_count=listed.members,
        feature_count=listed.flags.active,
    )


def _flag(flag: Flag) -> OwnFlagOut:
    return OwnFlagOut(name=flag.name, project=flag.project, type=flag.type)


def _admin(user: User) -> AdminOut:
    """Without the address: everybody may look."""
    seed = user.email or user.username or str(user.id)
    return AdminOut(id=user.id, name=user.name or UNSET, username=user.username or UNSET, image_url=image_url(seed))


def _event(event: EventOut) -> LatestEventOut:
    return LatestEventOut(
        id=event.id,
        summary=event.summary,
        created_by=event.created_by,
        created_by_image_url=image_url(event.created_by),
        created_at=event.created_at,
    )
