"""Flags as answers show them."""

from hashlib import sha256

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.feature import FlagTypeData
from flagkeeper.eventlog.catalogue.payload import StrategyData, TagData, VariantData
from flagkeeper.features.flags.model.environment import FlagEnvironment
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.queries import (
    ColoredTag,
    EnvironmentDetail,
    FlagDetail,
    ListedEnvironment,
    ListedFlag,
)
from flagkeeper.kernel import clock


class FlagOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A flag without its environments."""

    name: str
    description: str | None
    type: str
    project: str
    stale: bool
    created_at: str
    impression_data: bool
    archived: bool
    archived_at: str | UnsetType = UNSET


class PersonOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    name: str
    image_url: str


class TagOut(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    value: str
    color: str | UnsetType = UNSET


class EnvironmentOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    type: str
    sort_order: int
    enabled: bool
    last_seen_at: str | None
    strategies: list[StrategyData]
    variants: list[VariantData] | UnsetType = UNSET
    """The older kind, where there are any."""


class FlagDetailOut(FlagOut, frozen=True, kw_only=True, rename="camel"):
    """A flag with everything."""

    created_by: PersonOut
    environments: list[EnvironmentOut]
    tags: list[TagOut]


class ListedEnvironmentOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    type: str
    sort_order: int
    enabled: bool
    variant_count: int
    has_strategies: bool
    has_enabled_strategies: bool
    last_seen_at: str | None


class ListedFlagOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    type: str
    description: str | None
    stale: bool
    impression_data: bool
    created_at: str
    favorite: bool = False
    environments: list[ListedEnvironmentOut]
    tags: list[TagData]


class FlagList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 2
    features: list[ListedFlagOut]


class FlagEnvironmentOut(msgspec.Struct, frozen=True, kw_only=True):
    """A flag in one environment."""

    name: str
    environment: str
    enabled: bool
    strategies: list[StrategyData]
    variants: list[VariantData] | UnsetType = UNSET


class VariantList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    variants: list[VariantData]


class TagList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    tags: list[TagOut]


class FlagTypeList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    types: list[FlagTypeData]


class ArchiveCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What stands in the way of archiving flags: others that depend on them."""

    parents_with_child_features: list[str] = []
    has_deleted_dependencies: bool = False


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
        created_by=PersonOut(id=flag.created_by_user_id, name=flag.created_by, image_url=_picture(flag.created_by)),
        environments=[_environment(each) for each in detail.environments],
        tags=shown_tags(detail.tags),
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
        tags=[TagData(type=tag.type, value=tag.value) for tag in listed.tags],
    )


def shown_in_environment(name: str, environment: str, state: FlagEnvironment) -> FlagEnvironmentOut:
    return FlagEnvironmentOut(
        name=name,
        environment=environment,
        enabled=state.enabled,
        strategies=state.strategies,
        variants=state.variants or UNSET,
    )


def shown_tags(tags: list[ColoredTag]) -> list[TagOut]:
    return [TagOut(type=tag.type, value=tag.value, color=tag.color or UNSET) for tag in tags]


def _environment(detail: EnvironmentDetail) -> EnvironmentOut:
    return EnvironmentOut(
        name=detail.environment.name,
        type=detail.environment.type,
        sort_order=detail.environment.sort_order,
        enabled=detail.state.enabled,
        last_seen_at=_time(detail.last_seen_at),
        strategies=detail.state.strategies,
        variants=detail.state.variants or UNSET,
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


def _picture(name: str) -> str:
    return f"https://gravatar.com/avatar/{sha256(name.encode()).hexdigest()}?s=42&d=retro&r=g"
