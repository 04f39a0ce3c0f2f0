"""Roles and permissions on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.access.model import PERMISSIONS, Level, Role, RolePermission


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
_LEVEL = dict(_ALL)


def shown(role: Role) -> RoleOut:
    return RoleOut(id=role.id, name=role.name, type=role.type, description=role.description)


def shown_with_permissions(role: Role) -> RoleWithPermissions:
    return RoleWithPermissions(
        id=role.id,
        name=role.name,
        type=role.type,
        description=role.description,
        permissions=[_shown(permission) for permission in role.permissions],
    )


def all_permissions(environments: list[str]) -> PermissionList:
    """Everything that a role can allow, here."""
    return PermissionList(
        permissions=Permissions(
            root=[_shown(RolePermission(name)) for name in PERMISSIONS[Level.ROOT]],
            project=[_shown(RolePermission(name)) for name in PERMISSIONS[Level.PROJECT]],
            environments=[
                EnvironmentPermissions(
                    name=environment,
                    permissions=[_shown(RolePermission(name, environment)) for name in PERMISSIONS[Level.ENVIRONMENT]],
                )
                for environment in environments
            ],
        )
    )


def _shown(permission: RolePermission) -> PermissionOut:
    return PermissionOut(
        id=_NUMBER[permission.name],
        name=permission.name,
        display_name=permission.name.replace("_", " ").capitalize(),
        type=_LEVEL[permission.name],
        environment=permission.environment or UNSET,
    )
