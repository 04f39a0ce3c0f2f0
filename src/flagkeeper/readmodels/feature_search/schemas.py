"""Found flags on the wire."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.features.flags.model.lifecycle import StageEntered
from flagkeeper.features.flags.schemas.flags import PersonOut, StageOut, shown_person, shown_stage
from flagkeeper.kernel import clock
from flagkeeper.readmodels.feature_search.state import Known

DependencyType = Literal["parent", "child"]


class EnvironmentFound(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A flag in an environment."""

    name: str
    type: str
    sort_order: int
    enabled: bool
    variant_count: int
    has_strategies: bool
    has_enabled_strategies: bool
    last_seen_at: clock.Iso | None
    yes: int
    """How often SDKs found it on in this hour."""
    no: int


class FlagFound(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    type: str
    project: str
    description: str | None
    stale: bool
    impression_data: bool
    favorite: bool
    created_at: clock.Iso
    archived_at: clock.Iso | None
    created_by: PersonOut
    dependency_type: DependencyType | None
    lifecycle: StageOut
    environments: Sequence[EnvironmentFound]
    segments: Sequence[str]
    """Their names."""
    tags: Sequence[Tag] | UnsetType = UNSET
    """Left out, where there are none."""


class FlagsFound(msgspec.Struct, frozen=True, kw_only=True):
    features: list[FlagFound]
    total: int
    """On all pages."""


class LifecycleCount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Flags by the stage of their life."""

    initial: int
    pre_live: int
    live: int
    completed: int
    archived: int


def shown(
    flag: Known,
    stage: StageEntered,
    *,
    environments: Sequence[EnvironmentFound],
    tags: Sequence[Tag],
    segments: Sequence[str],
    dependency_type: DependencyType | None,
    favorite: bool,
) -> FlagFound:
    return FlagFound(
        name=flag.name,
        type=flag.type,
        project=flag.project,
        description=flag.description,
        stale=flag.stale,
        impression_data=flag.impression_data,
        favorite=favorite,
        created_at=clock.to_iso(flag.created_at),
        archived_at=None if flag.archived_at is None else clock.to_iso(flag.archived_at),
        created_by=shown_person(flag.created_by_user_id, flag.created_by),
        dependency_type=dependency_type,
        lifecycle=shown_stage(stage),
        environments=environments,
        segments=segments,
        tags=tags or UNSET,
    )
