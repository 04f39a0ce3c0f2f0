"""Roles and permissions on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.access.model import PERMISSIONS, PROJECT_CUSTOM, Level, Role, RoleDraft, RolePermission
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.limits import AtOnce


class RoleOut(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    type: str
    description: str | UnsetType = UNSET
    project: str | UnsetType = UNSET


class RoleList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    roles: list[RoleOut]


class PermissionOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    name: str
    display_name: str
    type: str
    environment: str | UnsetType = UNSET


class RoleWithPermissions(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    type: str
    description: str
    permissions: list[PermissionOut]


class RoleWithVersion(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    roles: RoleOut


class PermissionBody(msgspec.Struct, frozen=True, kw_only=True):
    """A permission by its name, or by the number that /api/admin/permissions gives it."""

    name: str | None = None
    id: int | None = None
    environment: str | None = None
    """Left out: in every environment, also in those that are yet to come."""

    def permission(self) -> RolePermission:
        """Raises `BadData` when it has neither, or an unknown number."""
        name = self.name if self.id is None else _NAME.get(self.id, self.name)
        if not name:
            raise BadData("A permission needs its name.", Detail("It is missing.", "/body/permissions"))
        return RolePermission(name, self.environment or "")


class RoleBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator wants a role to be."""

    name: str
    description: str = ""
    type: str = PROJECT_CUSTOM
    """`root-custom`: for the whole server. `custom`: for projects."""
    permissions: AtOnce[PermissionBody] = []

    def draft(self) -> RoleDraft:
        """Raises `BadData`."""
        return RoleDraft(
            name=self.name,
            description=self.description,
            type=self.type,
            permissions=tuple(sorted({each.permission() for each in self.permissions})),
        )


class EnvironmentPermissions(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    permissions: list[PermissionOut]


class Permissions(msgspec.Struct, frozen=True, kw_only=True):
    root: list[PermissionOut]
    project: list[PermissionOut]
    environments: list[EnvironmentPermissions]


class PermissionList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    permissions: Permissions


_ALL = [(name, level) for level, names in PERMISSIONS.items() for name in names]
_NUMBER = {name: number for number, (name, _) in enumerate(_ALL, 1)}
_NAME = {number: name for name, number in _NUMBER.items()}
_LEVEL = dict(_ALL)


def shown(role: Role) -> RoleOut:
    return RoleOut(id=role.id, name=role.name, type=role.type, description=role.description)


def shown_with_permissions(role: Role) -> RoleWithPermissions:
    return RoleWithPermissions(
        id=role.id,
        name=role.name,
        type=role.type,
        description=role.description,
        permissions=[shown_permission(permission) for permission in role.permissions],
    )


def all_permissions(environments: list[str]) -> PermissionList:
    """Everything that a role can allow, here."""
    return PermissionList(
        permissions=Permissions(
            root=[shown_permission(RolePermission(name)) for name in PERMISSIONS[Level.ROOT]],
            project=[shown_permission(RolePermission(name)) for name in PERMISSIONS[Level.PROJECT]],
            environments=[
                EnvironmentPermissions(
                    name=environment,
                    permissions=[
                        shown_permission(RolePermission(name, environment)) for name in PERMISSIONS[Level.ENVIRONMENT]
                    ],
                )
                for environment in environments
            ],
        )
    )


def shown_permission(permission: RolePermission) -> PermissionOut:
    return PermissionOut(
        id=_NUMBER[permission.name],
        name=permission.name,
        display_name=permission.name.replace("_", " ").capitalize(),
        type=_LEVEL[permission.name],
        environment=permission.environment or UNSET,
    )
