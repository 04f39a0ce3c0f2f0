"""The API of access to projects: parse, run, answer."""

from litestar.params import FromPath

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.access.commands import exchange_roles, give_role, take_role
from flagkeeper.features.project_access import commands, queries
from flagkeeper.features.project_access.schemas import (
    AccessBody,
    AddAccessBody,
    ProjectAccessOut,
    RolesBody,
    RoleUsesOut,
    shown,
    shown_uses,
)
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Projects"
MAY_SEE = (Permission.PROJECT_USER_ACCESS_READ, Permission.PROJECT_USER_ACCESS_WRITE, Permission.UPDATE_PROJECT)
MAY_CHANGE = (Permission.PROJECT_USER_ACCESS_WRITE, Permission.UPDATE_PROJECT)
"""Which roles they may give and take is decided by `access.commands.demand_grantable`."""


@route.get(
    "/api/admin/projects/{project:str}/access",
    permission=MAY_SEE,
    scope=route.PROJECT,
    tag=TAG,
    operation="getProjectAccess",
    summary="Who has which role in a project",
    errors=(404,),
)
async def get_access(project: FromPath[str], reader: Reader) -> ProjectAccessOut:
    return shown(await reader.run(queries.access_to, project))


@route.post(
    "/api/admin/projects/{project:str}/access",
    permission=MAY_CHANGE,
    scope=route.PROJECT,
    tag=TAG,
    operation="addAccessToProject",
    summary="Give users and groups roles in a project",
    status=200,
    errors=(404,),
)
async def add_access(project: FromPath[str], data: AddAccessBody, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.add, project, data.change(), caller.credential.access)


@route.put(
    "/api/admin/projects/{project:str}/access",
    permission=MAY_CHANGE,
    scope=route.PROJECT,
    tag=TAG,
    operation="setProjectAccess",
    summary="Say who has which role in a project; nobody else has any",
    errors=(404, 409),
)
async def replace_access(project: FromPath[str], data: AccessBody, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.replace, project, data.access(), caller.credential.access)


@route.get(
    "/api/admin/projects/roles/{role_id:int}/access",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getRoleProjectAccess",
    summary="In which projects a role is given, and to how many",
    errors=(404,),
)
async def uses_of_role(role_id: FromPath[int], reader: Reader, visibility: Visibility) -> RoleUsesOut:
    found = await reader.run(queries.uses_of_role, role_id, visibility)
    return RoleUsesOut(projects=[shown_uses(role_id, project, uses) for project, uses in found.items()])


@route.put(
    "/api/admin/projects/{project:str}/users/{person_id:int}/roles",
    permission=MAY_CHANGE,
    scope=route.PROJECT,
    tag=TAG,
    operation="setRolesForUser",
    summary="Say which roles a user has in a project",
    errors=(404, 409),
)
async def set_user_roles(
    project: FromPath[str], person_id: FromPath[int], data: RolesBody, caller: Caller, units: Units
) -> None:
    access = caller.credential.access
    await units.run(caller.actor, commands.set_user_roles, project, person_id, data.roles, access)


@route.delete(
    "/api/admin/projects/{project:str}/users/{person_id:int}/roles",
    permission=MAY_CHANGE,
    scope=route.PROJECT,
    tag=TAG,
    operation="removeUserAccess",
    summary="Take all roles in a project from a user",
    status=200,
    errors=(404, 409),
)
async def remove_user(project: FromPath[str], person_id: FromPath[int], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.set_user_roles, project, person_id, (), caller.credential.access)


@route.put(
    "/api/admin/projects/{project:str}/groups/{group_id:int}/roles",
    permission=MAY_CHANGE,
    scope=route.PROJECT,
    tag=TAG,
    operation="setRolesForGroup",
    summary="Say which roles a group has in a project",
    errors=(404, 409),
)
async def set_group_roles(
    project: FromPath[str], group_id: FromPath[int], data: RolesBody, caller: Caller, units: Units
) -> None:
    access = caller.credential.access
    await units.run(caller.actor, commands.set_group_roles, project, group_id, data.roles, access)


@route.delete(
    "/api/admin/projects/{project:str}/groups/{group_id:int}/roles",
    permission=MAY_CHANGE,
    scope=route.PROJECT,
    tag=TAG,
    operation="removeGroupAccess",
    summary="Take all roles in a project from a group",
    status=200,
    errors=(404, 409),
)
async def remove_group(project: FromPath[str], group_id: FromPath[int], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.set_group_roles, project, group_id, (), caller.credential.access)


@route.post(
    "/api/admin/projects/{project:str}/users/{person_id:int}/roles/{role_id:int}",
    permission=MAY_CHANGE,
    scope=route.PROJECT,
    tag=TAG,
    operation="addRoleToUser",
    summary="Give a user one more role in a project",
    deprecated=True,
    status=200,
    errors=(404,),
)
async def give_user_role(
    project: FromPath[str], person_id: FromPath[int], role_id: FromPath[int], caller: Caller, units: Units
) -> None:
    change, access = commands.change_user_role, caller.credential.access
    await units.run(caller.actor, change, project, give_role, person_id, role_id, access)


@route.put(
    "/api/admin/projects/{project:str}/users/{person_id:int}/roles/{role_id:int}",
    permission=MAY_CHANGE,
    scope=route.PROJECT,
    tag=TAG,
    operation="changeRoleOfUser",
    summary="Make a role the only one that a user has in a project",
    deprecated=True,
    errors=(404, 409),
)
async def exchange_user_roles(
    project: FromPath[str], person_id: FromPath[int], role_id: FromPath[int], caller: Caller, units: Units
) -> None:
    change, access = commands.change_user_role, caller.credential.access
    await units.run(caller.actor, change, project, exchange_roles, person_id, role_id, access)


@route.delete(
    "/api/admin/projects/{project:str}/users/{person_id:int}/roles/{role_id:int}",
    permission=MAY_CHANGE,
    scope=route.PROJECT,
    tag=TAG,
    operation="removeRoleFromUser",
    summary="Take one role in a project from a user",
    deprecated=True,
    status=200,
    errors=(404, 409),
)
async def take_user_role(
    project: FromPath[str], person_id: FromPath[int], role_id: FromPath[int], caller: Caller, units: Units
) -> None:
    change, access = commands.change_user_role, caller.credential.access
    await units.run(caller.actor, change, project, take_role, person_id, role_id, access)


@route.post(
    "/api/admin/projects/{project:str}/groups/{group_id:int}/roles/{role_id:int}",
    permission=MAY_CHANGE,
    scope=route.PROJECT,
    tag=TAG,
    operation="addRoleToGroup",
    summary="Give a group one more role in a project",
    deprecated=True,
    status=200,
    errors=(404,),
)
async def give_group_role(
    project: FromPath[str], group_id: FromPath[int], role_id: FromPath[int], caller: Caller, units: Units
) -> None:
    change, access = commands.change_group_role, caller.credential.access
    await units.run(caller.actor, change, project, give_role, group_id, role_id, access)


@route.put(
    "/api/admin/projects/{project:str}/groups/{group_id:int}/roles/{role_id:int}",
    permission=MAY_CHANGE,
    scope=route.PROJECT,
    tag=TAG,
    operation="changeRoleOfGroup",
    summary="Make a role the only one that a group has in a project",
    deprecated=True,
    errors=(404, 409),
)
async def exchange_group_roles(
    project: FromPath[str], group_id: FromPath[int], role_id: FromPath[int], caller: Caller, units: Units
) -> None:
    change, access = commands.change_group_role, caller.credential.access
    await units.run(caller.actor, change, project, exchange_roles, group_id, role_id, access)


@route.delete(
    "/api/admin/projects/{project:str}/groups/{group_id:int}/roles/{role_id:int}",
    permission=MAY_CHANGE,
    scope=route.PROJECT,
    tag=TAG,
    operation="removeRoleFromGroup",
    summary="Take one role in a project from a group",
    deprecated=True,
    status=200,
    errors=(404, 409),
)
async def take_group_role(
    project: FromPath[str], group_id: FromPath[int], role_id: FromPath[int], caller: Caller, units: Units
) -> None:
    change, access = commands.change_group_role, caller.credential.access
    await units.run(caller.actor, change, project, take_role, group_id, role_id, access)


ROUTES = [
    get_access,
    add_access,
    replace_access,
    uses_of_role,
    set_user_roles,
    remove_user,
    set_group_roles,
    remove_group,
    give_user_role,
    exchange_user_roles,
    take_user_role,
    give_group_role,
    exchange_group_roles,
    take_group_role,
]
