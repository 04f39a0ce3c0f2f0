"""The API of access to projects: parse, run, answer."""

from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.access.commands import exchange_roles, give_role, take_role
from flagkeeper.features.project_access import commands, queries
from flagkeeper.features.project_access.commands import HolderChange
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

_OF_OLDER_CLIENTS: dict[str, Any] = {
    "permission": MAY_CHANGE,
    "scope": route.PROJECT,
    "tag": TAG,
    "deprecated": True,
    "status": 200,
}


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


def _one_by_one(whom: str, change: HolderChange) -> list[HTTPRouteHandler]:
    """What older clients ask for about one role of a `user` or a `group` (docs/adr/0570-roles-one-by-one.md)."""
    path = f"/api/admin/projects/{{project:str}}/{whom}s/{{holder_id:int}}/roles/{{role_id:int}}"
    name = whom.capitalize()

    @route.post(
        path,
        operation=f"addRoleTo{name}",
        summary=f"Give a {whom} one more role in a project",
        errors=(404,),
        **_OF_OLDER_CLIENTS,
    )
    async def give(
        project: FromPath[str], holder_id: FromPath[int], role_id: FromPath[int], caller: Caller, units: Units
    ) -> None:
        await units.run(caller.actor, change, project, give_role, holder_id, role_id, caller.credential.access)

    @route.put(
        path,
        operation=f"changeRoleOf{name}",
        summary=f"Make a role the only one that a {whom} has in a project",
        errors=(404, 409),
        **_OF_OLDER_CLIENTS,
    )
    async def exchange(
        project: FromPath[str], holder_id: FromPath[int], role_id: FromPath[int], caller: Caller, units: Units
    ) -> None:
        await units.run(caller.actor, change, project, exchange_roles, holder_id, role_id, caller.credential.access)

    @route.delete(
        path,
        operation=f"removeRoleFrom{name}",
        summary=f"Take one role in a project from a {whom}",
        errors=(404, 409),
        **_OF_OLDER_CLIENTS,
    )
    async def take(
        project: FromPath[str], holder_id: FromPath[int], role_id: FromPath[int], caller: Caller, units: Units
    ) -> None:
        await units.run(caller.actor, change, project, take_role, holder_id, role_id, caller.credential.access)

    return [give, exchange, take]


ROUTES = [
    get_access,
    add_access,
    replace_access,
    uses_of_role,
    set_user_roles,
    remove_user,
    set_group_roles,
    remove_group,
    *_one_by_one("user", commands.change_user_role),
    *_one_by_one("group", commands.change_group_role),
]
