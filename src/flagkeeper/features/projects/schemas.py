"""Projects and their environments on the wire."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue.payload import FeatureNaming, LinkTemplate, VariantData
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.features.environments.model import Environment
from flagkeeper.features.projects.model import (
    DEFAULT_STICKINESS,
    NO_NAMING,
    Mode,
    NewProject,
    Project,
    ProjectChange,
    health,
)
from flagkeeper.features.projects.ports import Onboarding
from flagkeeper.features.projects.queries import ListedProject, Owner, OwningGroup, SeenEnvironment
from flagkeeper.features.users.model.user import image_url
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.limits import AtOnce


class UserOwner(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="ownerType", tag="user"):
    name: str
    image_url: str


class GroupOwner(msgspec.Struct, frozen=True, kw_only=True, tag_field="ownerType", tag="group"):
    name: str


class SystemOwner(msgspec.Struct, frozen=True, kw_only=True, tag_field="ownerType", tag="system"):
    """Nobody in particular."""


class OnboardingOut(msgspec.Struct, frozen=True, kw_only=True):
    """How far somebody has come with a project."""

    status: Literal["onboarding-started", "first-flag-created", "sdk-connected", "onboarded"]
    feature: str | UnsetType = UNSET
    """The first flag, where no SDK is connected."""


class ProjectOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    name: str
    description: str | None
    mode: Mode
    default_stickiness: str
    health: int
    technical_debt: int
    owners: list[UserOwner | GroupOwner | SystemOwner]
    feature_count: int
    stale_feature_count: int
    potentially_stale_feature_count: int
    cleanup_count: int
    """Flags in use that are stale, or may be."""
    member_count: int
    avg_time_to_production: float
    """In days, of flags that reached production in the last 30 days."""
    onboarding_status: OnboardingOut
    created_at: clock.Iso
    updated_at: clock.Iso
    last_updated_at: clock.Iso
    archived_at: clock.Iso | None
    favorite: bool
    last_reported_flag_usage: clock.Iso | None


class ProjectList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    projects: list[ProjectOut]


class ProjectId(msgspec.Struct, frozen=True, kw_only=True):
    id: str


class ApprovalBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    required_approvals: int = 1


class NewProjectBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str | None = None
    """Left out: one is made of the name."""
    name: str
    description: str | None = None
    mode: Mode = Mode.OPEN
    default_stickiness: str = DEFAULT_STICKINESS
    feature_limit: int | None = None
    environments: AtOnce[str] | None = None
    """Left out: all that are offered."""
    change_request_environments: AtOnce[ApprovalBody] = []
    """Must be empty: the server has no change requests."""

    def wanted(self) -> NewProject:
        """Raises `BadData` where it asks for change requests."""
        if self.change_request_environments:
            message = "This server has no change requests. Leave this out."
            raise BadData(message, Detail(message, "/body/changeRequestEnvironments"))
        return NewProject(
            id=self.id or None,
            name=self.name,
            description=self.description,
            mode=self.mode,
            default_stickiness=self.default_stickiness,
            feature_limit=self.feature_limit,
            environments=self.environments,
        )


class ProjectBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a project is. What is left out stays."""

    name: str
    description: str | UnsetType | None = UNSET
    mode: Mode | UnsetType = UNSET
    default_stickiness: str | UnsetType = UNSET
    feature_limit: int | UnsetType | None = UNSET

    def change(self) -> ProjectChange:
        return ProjectChange(**msgspec.structs.asdict(self))


class NamingBody(msgspec.Struct, frozen=True, kw_only=True):
    """What names of flags must be like; without a pattern, anything."""

    pattern: str | None
    example: str | None = None
    description: str | None = None

    def naming(self) -> FeatureNaming:
        return FeatureNaming(
            pattern=self.pattern or None, example=self.example or None, description=self.description or None
        )


class LinkTemplateBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A link that every new flag gets. `{{project}}` and `{{feature}}` in the address stand for their names."""

    url_template: str
    title: str | None = None


class SettingsBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who may work in a project, and what it wants of its flags. What is left out stays; null takes away what can be
    taken away."""

    mode: Mode | UnsetType = UNSET
    default_stickiness: str | UnsetType = UNSET
    feature_limit: int | UnsetType | None = UNSET
    feature_naming: NamingBody | UnsetType | None = UNSET
    link_templates: AtOnce[LinkTemplateBody] | UnsetType = UNSET

    def change(self) -> ProjectChange:
        naming, templates = self.feature_naming, self.link_templates
        return ProjectChange(
            mode=self.mode,
            default_stickiness=self.default_stickiness,
            feature_limit=self.feature_limit,
            feature_naming=NO_NAMING if naming is None else UNSET if naming is UNSET else naming.naming(),
            link_templates=UNSET
            if templates is UNSET
            else [LinkTemplate(title=each.title or None, url_template=each.url_template) for each in templates],
        )


class ApprovalOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    required_approvals: int


class NewProjectOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    name: str
    description: str | None
    mode: Mode
    default_stickiness: str
    feature_limit: int | None
    environments: list[str]
    change_request_environments: list[ApprovalOut]
    """Those in which every project needs approvals."""


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


class ProjectEnvironmentBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
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
        cleanup_count=flags.stale + flags.potentially_stale,
        member_count=listed.members,
        avg_time_to_production=listed.progress.time_to_production,
        onboarding_status=shown_onboarding(listed.progress.onboarding),
        created_at=clock.to_iso(project.created_at),
        updated_at=clock.to_iso(project.updated_at),
        last_updated_at=clock.to_iso(listed.last_updated_at),
        archived_at=_iso(project.archived_at),
        favorite=listed.favorite,
        last_reported_flag_usage=_iso(flags.last_seen_at),
    )


def shown_new(project: Project, environments: list[Environment]) -> NewProjectOut:
    return NewProjectOut(
        id=project.id,
        name=project.name,
        description=project.description,
        mode=project.mode,
        default_stickiness=project.default_stickiness,
        feature_limit=project.feature_limit,
        environments=[each.name for each in environments],
        change_request_environments=[
            ApprovalOut(name=each.name, required_approvals=each.required_approvals)
            for each in environments
            if each.required_approvals is not None
        ],
    )


def shown_environment(seen: SeenEnvironment) -> ProjectEnvironmentOut:
    return ProjectEnvironmentOut(
        **msgspec.structs.asdict(seen.environment),
        project_api_token_count=seen.tokens,
        project_enabled_toggle_count=seen.enabled_flags,
        visible=seen.attached,
        default_strategy=seen.default_strategy or UNSET,
    )


def shown_onboarding(onboarding: Onboarding) -> OnboardingOut:
    if onboarding.first_flag is None:
        return OnboardingOut(status="sdk-connected" if onboarding.is_connected else "onboarding-started")
    if onboarding.is_connected:
        return OnboardingOut(status="onboarded")
    return OnboardingOut(status="first-flag-created", feature=onboarding.first_flag)


def shown_owner(owner: Owner | OwningGroup) -> UserOwner | GroupOwner:
    return GroupOwner(name=owner.name) if isinstance(owner, OwningGroup) else shown_person(owner)


def shown_person(owner: Owner) -> UserOwner:
    name = owner.name or owner.username or owner.email or str(owner.user_id)
    return UserOwner(name=name, image_url=image_url(owner.email or owner.username or str(owner.user_id)))


def _iso(at: clock.Millis | None) -> str | None:
    return None if at is None else clock.to_iso(at)
