"""Environments on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.environments.model import EnvironmentChange, EnvironmentDraft
from flagkeeper.features.environments.queries import UsedEnvironment


class EnvironmentName(msgspec.Struct, frozen=True, kw_only=True):
    name: str


class NewEnvironmentBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    type: str
    """`development`, `test`, `preproduction`, `production`, or any other word."""
    enabled: bool = True
    sort_order: int | None = None
    required_approvals: int | None = None

    def draft(self) -> EnvironmentDraft:
        return EnvironmentDraft(**msgspec.structs.asdict(self))


class EnvironmentBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is left out stays."""

    type: str | UnsetType = UNSET
    sort_order: int | UnsetType = UNSET
    required_approvals: int | UnsetType | None = UNSET

    def change(self) -> EnvironmentChange:
        return EnvironmentChange(**msgspec.structs.asdict(self))


class EnvironmentOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    type: str
    sort_order: int
    enabled: bool
    protected: bool
    required_approvals: int | None
    project_count: int
    api_token_count: int
    enabled_toggle_count: int


class EnvironmentList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    environments: list[EnvironmentOut]


def shown(used: UsedEnvironment) -> EnvironmentOut:
    return EnvironmentOut(
        **msgspec.structs.asdict(used.environment),
        project_count=used.projects,
        api_token_count=used.tokens,
        enabled_toggle_count=used.enabled_flags,
    )
