"""Projects and their environments on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue.payload import VariantData
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.features.projects.model import Mode, health
from flagkeeper.features.projects.queries import ListedProject, Owner, SeenEnvironment
from flagkeeper.features.users.model.user import image_url
from flagkeeper.kernel import clock
from flagkeeper.kernel.limits import AtOnce


class UserOwner(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="ownerType", tag="user"):
    name: str
    image_url: str


class SystemOwner(msgspec.Struct, frozen=True, kw_only=True, tag_field="ownerType", tag="system"):
    """Nobody in particular."""


class ProjectOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    name: str
    description: str | None
    mode: Mode
    default_stickiness: str
    health: int
    technical_debt: int
    owners: list[UserOwner | SystemOwner]
    feature_count: int
    stale_feature_count: int
    potentially_stale_feature_count: int
    member_count: int
    created_at: clock.Iso
    updated_at: clock.Iso
    last_updated_at: clock.Iso
    archived_at: clock.Iso | None
    favorite: bool
    last_reported_flag_usage: clock.Iso | None


class ProjectList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    projects: list[ProjectOut]


class DefaultStrategyBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A strategy as a client sends it."""

    name: str
    title: str | None = None
    disabled: bool | None = None
    constraints: list[Constraint] = []
    parameters: dict[str, str] = {}
    variants: AtOnce[VariantData] = []
    segments: list[int] = []

    def draft(self) -> DefaultStrategyData:
        return DefaultStrategyData(
            name=self.name,
            title=self.title,
            disabled=bool(self.disabled),
            constraints=self.constraints,
            parameters=self.parameters,
            variants=self.variants,
            segments=self.segments,
        )


class ProjectEnvironmentBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a client sends to give a project an environment."""

    environment: str
    default_strategy: DefaultStrategyBody | None = None

    def strategy(self) -> DefaultStrategyData | None:
        return None if self.default_strategy is None else self.default_strategy.draft()


class ProjectEnvironmentOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    type: str
    sort_order: int
    enabled: bool
    protected: bool
    required_approvals: int | None
    project_api_token_count: int
    project_enabled_toggle_count: int
    visible: bool
    """Whether the project has the environment."""
    default_strategy: DefaultStrategyData | UnsetType = UNSET


class ProjectEnvironmentList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    environments: list[ProjectEnvironmentOut]


def shown(listed: ListedProject) -> ProjectOut:
    project, flags = listed.project, listed.flags
    healthy = health(flags=flags.active, stale=flags.stale, potentially_stale=flags.potentially_stale)
    return ProjectOut(
        id=project.id,
        name=project.name,
        description=project.description,
        mode=project.mode,
        default_stickiness=project.default_stickiness,
        health=healthy,
        technical_debt=100 - healthy,
        owners=[shown_owner(each) for each in listed.owners] or [SystemOwner()],
        feature_count=flags.archived if project.archived_at else flags.active,
        stale_feature_count=flags.stale,
        potentially_stale_feature_count=flags.potentially_stale,
        member_count=listed.members,
        created_at=clock.to_iso(project.created_at),
        updated_at=clock.to_iso(project.updated_at),
        last_updated_at=clock.to_iso(listed.last_updated_at),
        archived_at=_iso(project.archived_at),
        favorite=listed.favorite,
        last_reported_flag_usage=_iso(flags.last_seen_at),
    )


def shown_environment(seen: SeenEnvironment) -> ProjectEnvironmentOut:
    return ProjectEnvironmentOut(
        **msgspec.structs.asdict(seen.environment),
        project_api_token_count=seen.tokens,
        project_enabled_toggle_count=seen.enabled_flags,
        visible=seen.attached,
        default_strategy=seen.default_strategy or UNSET,
    )


def shown_owner(owner: Owner) -> UserOwner:
    name = owner.name or owner.username or owner.email or str(owner.user_id)
    return UserOwner(name=name, image_url=image_url(owner.email or owner.username or str(owner.user_id)))


def _iso(at: clock.Millis | None) -> str | None:
    return None if at is None else clock.to_iso(at)
