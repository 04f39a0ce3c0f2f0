"""Flags as answers show them."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.feature import FlagTypeData
from flagkeeper.eventlog.catalogue.payload import StrategyData, VariantData
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.model.lifecycle import Stage, StageEntered
from flagkeeper.features.flags.model.relations import Dependency, Link
from flagkeeper.features.flags.queries import (
    EnvironmentDetail,
    FlagDetail,
    ListedEnvironment,
    ListedFlag,
)
from flagkeeper.features.users.model.user import image_url
from flagkeeper.kernel import clock


class FlagOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A flag without its environments."""

    name: str
    description: str | None
    type: str
    project: str
    stale: bool
    created_at: clock.Iso
    impression_data: bool
    archived: bool
    archived_at: clock.Iso | UnsetType = UNSET


class PersonOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    name: str
    image_url: str


class CreatorOut(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str


class StrategyOut(StrategyData, frozen=True, kw_only=True):
    feature_name: str


class EnvironmentOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A flag in an environment."""

    name: str
    """Of the environment in a list of them; of the flag where there is one only."""
    environment: str
    feature_name: str
    type: str
    sort_order: int
    enabled: bool
    last_seen_at: clock.Iso | None
    yes: int
    """How often SDKs found it on in this hour."""
    no: int
    has_strategies: bool
    has_enabled_strategies: bool
    variant_count: int
    strategies: list[StrategyOut]
    variants: list[VariantData] | UnsetType = UNSET
    """The older kind, where there are any."""


class Collaborators(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who worked on a flag."""

    users: list[PersonOut]


class LinkOut(Link, frozen=True, kw_only=True):
    feature: str


class StageOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a flag is in its life."""

    stage: Stage
    entered_stage_at: clock.Iso
    status: str | UnsetType = UNSET


class FlagDetailOut(FlagOut, frozen=True, kw_only=True, rename="camel"):
    """A flag with everything."""

    created_by: PersonOut
    environments: list[EnvironmentOut]
    tags: list[Tag]
    dependencies: list[Dependency]
    children: list[str]
    lifecycle: StageOut
    links: list[LinkOut]
    collaborators: Collaborators
    favorite: bool


class ListedEnvironmentOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    type: str
    sort_order: int
    enabled: bool
    variant_count: int
    has_strategies: bool
    has_enabled_strategies: bool
    last_seen_at: clock.Iso | None


class ListedFlagOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    type: str
    description: str | None
    stale: bool
    impression_data: bool
    created_at: clock.Iso
    favorite: bool
    environments: list[ListedEnvironmentOut]
    tags: tuple[Tag, ...]


class FlagList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 2
    features: list[ListedFlagOut]


class VariantList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    variants: list[VariantData]


class TagList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    tags: list[Tag]


class FlagTypeList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    types: list[FlagTypeData]


class ArchiveCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What stands in the way of archiving flags: others that depend on them."""

    parents_with_child_features: list[str]
    has_deleted_dependencies: bool


def shown(flag: Flag) -> FlagOut:
    return FlagOut(
        name=flag.name,
        description=flag.description,
        type=flag.type,
        project=flag.project,
        stale=flag.stale,
        created_at=clock.to_iso(flag.created_at),
        impression_data=flag.impression_data,
        archived=flag.archived_at is not None,
        archived_at=UNSET if flag.archived_at is None else clock.to_iso(flag.archived_at),
    )


def shown_in_detail(detail: FlagDetail) -> FlagDetailOut:
    flag = detail.flag
    return FlagDetailOut(
        **msgspec.structs.asdict(shown(flag)),
        created_by=shown_person(flag.created_by_user_id, flag.created_by),
        environments=[_environment(each.environment.name, flag.name, each) for each in detail.environments],
        tags=detail.tags,
        dependencies=detail.relations.dependencies,
        children=detail.children,
        lifecycle=shown_stage(detail.stage),
        links=[LinkOut(**msgspec.structs.asdict(each), feature=flag.name) for each in detail.relations.links],
        favorite=detail.favorite,
        collaborators=Collaborators(users=[shown_person(*each) for each in detail.collaborators]),
    )


def shown_person(user_id: int, name: str) -> PersonOut:
    return PersonOut(id=user_id, name=name, image_url=image_url(name))


def shown_stage(entered: StageEntered) -> StageOut:
    return StageOut(
        stage=entered.stage,
        entered_stage_at=clock.to_iso(entered.at),
        status=UNSET if entered.status is None else entered.status,
    )


def shown_in_list(listed: ListedFlag) -> ListedFlagOut:
    flag = listed.flag
    return ListedFlagOut(
        name=flag.name,
        type=flag.type,
        description=flag.description,
        stale=flag.stale,
        impression_data=flag.impression_data,
        created_at=clock.to_iso(flag.created_at),
        environments=[_listed_environment(each) for each in listed.environments],
        tags=listed.tags,
        favorite=listed.favorite,
    )


def shown_in_environment(flag: str, detail: EnvironmentDetail) -> EnvironmentOut:
    return _environment(flag, flag, detail)


def shown_strategy(flag: str, strategy: StrategyData) -> StrategyOut:
    return StrategyOut(**msgspec.structs.asdict(strategy), feature_name=flag)


def _environment(name: str, flag: str, detail: EnvironmentDetail) -> EnvironmentOut:
    state = detail.state
    return EnvironmentOut(
        name=name,
        environment=detail.environment.name,
        feature_name=flag,
        type=detail.environment.type,
        sort_order=detail.environment.sort_order,
        enabled=state.enabled,
        last_seen_at=_time(detail.last_seen_at),
        yes=detail.yes,
        no=detail.no,
        has_strategies=bool(state.strategies),
        has_enabled_strategies=state.has_enabled_strategy,
        variant_count=len(state.variants),
        strategies=[shown_strategy(flag, each) for each in state.strategies],
        variants=state.variants or UNSET,
    )


def _listed_environment(listed: ListedEnvironment) -> ListedEnvironmentOut:
    return ListedEnvironmentOut(
        name=listed.environment.name,
        type=listed.environment.type,
        sort_order=listed.environment.sort_order,
        enabled=listed.enabled,
        variant_count=listed.variant_count,
        has_strategies=listed.has_strategies,
        has_enabled_strategies=listed.has_enabled_strategies,
        last_seen_at=_time(listed.last_seen_at),
    )


def _time(at: clock.Millis | None) -> str | None:
    return None if at is None else clock.to_iso(at)
