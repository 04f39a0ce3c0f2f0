"""Environments on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.environments.model import EnvironmentChange, EnvironmentDraft
from flagkeeper.features.environments.ports import EnvironmentCopy
from flagkeeper.features.environments.queries import UsedEnvironment
from flagkeeper.kernel.limits import AtOnce


class EnvironmentName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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


class CloneBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    type: str
    projects: AtOnce[str] | None = None
    """Those that get the new environment; left out: all that have the other one."""
    clone_permissions: bool = False
    """Whether roles may do in the new one what they may do in the other."""

    def copy(self, source: str) -> EnvironmentCopy:
        draft = EnvironmentDraft(name=self.name, type=self.type)
        return EnvironmentCopy(
            source=source, name=self.name, draft=draft, projects=self.projects, permissions=self.clone_permissions
        )


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
