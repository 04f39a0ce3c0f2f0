"""The access API: what roles there are, and what they can allow."""

from litestar.params import FromPath

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.access import commands, queries
from flagkeeper.features.access.ports import EnvironmentNames, RootRoleUses
from flagkeeper.features.access.schemas import (
    PermissionList,
    RoleBody,
    RoleList,
    RoleWithPermissions,
    RoleWithVersion,
    all_permissions,
    shown,
    shown_with_permissions,
)
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
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


@route.post(
    "/api/admin/roles",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag="Users",
    operation="createRole",
    summary="Make a role",
    errors=(409,),
)
async def create_role(
    data: RoleBody, caller: Caller, units: Units, environment_names: EnvironmentNames
) -> RoleWithVersion:
    role = await units.run(caller.actor, commands.create_role, data.draft(), environment_names)
    return RoleWithVersion(roles=shown(role))


@route.post(
    "/api/admin/roles/validate",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag="Users",
    operation="validateRole",
    summary="Could this role be made?",
    errors=(409,),
)
async def validate_role(data: RoleBody, reader: Reader, environment_names: EnvironmentNames) -> None:
    await reader.run(queries.check_draft, None, data.draft(), environment_names)


@route.put(
    "/api/admin/roles/{role_id:int}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag="Users",
    operation="updateRole",
    summary="Replace a role; it counts at once for everybody who has it",
    errors=(404, 409),
)
async def update_role(
    role_id: FromPath[int], data: RoleBody, caller: Caller, units: Units, environment_names: EnvironmentNames
) -> RoleWithVersion:
    role = await units.run(caller.actor, commands.update_role, role_id, data.draft(), environment_names)
    return RoleWithVersion(roles=shown(role))


@route.delete(
    "/api/admin/roles/{role_id:int}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag="Users",
    operation="deleteRole",
    summary="Delete a role that nobody has",
    status=200,
    errors=(404,),
)
async def delete_role(role_id: FromPath[int], caller: Caller, units: Units, root_role_uses: RootRoleUses) -> None:
    await units.run(caller.actor, commands.delete_role, role_id, root_role_uses)


ROUTES = [list_permissions, list_roles, get_role, create_role, validate_role, update_role, delete_role]
