"""The access API: what roles there are, and what they can allow."""

from litestar.params import FromPath

from flagkeeper.features.access import queries
from flagkeeper.features.access.ports import EnvironmentNames
from flagkeeper.features.access.schemas import (
    PermissionList,
    RoleList,
    RoleWithPermissions,
    all_permissions,
    shown,
    shown_with_permissions,
)
from flagkeeper.http import route
from flagkeeper.storage.reader import Reader


@route.get(
    "/api/admin/permissions",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag="Auth",
    operation="getPermissions",
    summary="Everything that a role can allow",
)
async def list_permissions(reader: Reader, environment_names: EnvironmentNames) -> PermissionList:
    return all_permissions(await reader.run(environment_names))


@route.get(
    "/api/admin/roles",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag="Users",
    operation="getRoles",
    summary="All roles",
)
async def list_roles(reader: Reader) -> RoleList:
    return RoleList(roles=[shown(role) for role in await reader.run(queries.all_roles)])


@route.get(
    "/api/admin/roles/{role_id:int}",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag="Users",
    operation="getRoleById",
    summary="One role and what it allows",
    errors=(404,),
)
async def get_role(role_id: FromPath[int], reader: Reader) -> RoleWithPermissions:
    return shown_with_permissions(await reader.run(queries.role, role_id))


ROUTES = [list_permissions, list_roles, get_role]
