"""The groups API: parse, run, answer. All of it is for administrators."""

from litestar import Response
from litestar.params import FromPath

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.groups import commands, queries
from flagkeeper.features.groups.schemas import GroupBody, GroupList, GroupOut, shown
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Users"


@route.get(
    "/api/admin/groups",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getGroups",
    summary="All groups",
)
async def list_groups(reader: Reader) -> GroupList:
    return GroupList(groups=[shown(*found) for found in await reader.run(queries.all_shown)])


@route.post(
    "/api/admin/groups",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createGroup",
    summary="Create a group",
    status=201,
    errors=(409,),
)
async def create_group(data: GroupBody, caller: Caller, units: Units, reader: Reader) -> Response[GroupOut]:
    group = await units.run(caller.actor, commands.create, data.draft())
    made = shown(*await reader.run(queries.one_shown, group.id))
    return Response(made, headers={"Location": f"groups/{group.id}"})


@route.get(
    "/api/admin/groups/{group_id:int}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getGroup",
    summary="One group",
    errors=(404,),
)
async def get_group(group_id: FromPath[int], reader: Reader) -> GroupOut:
    return shown(*await reader.run(queries.one_shown, group_id))


@route.put(
    "/api/admin/groups/{group_id:int}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="updateGroup",
    summary="Replace a group and who belongs to it",
    errors=(404, 409),
)
async def update_group(
    group_id: FromPath[int], data: GroupBody, caller: Caller, units: Units, reader: Reader
) -> GroupOut:
    await units.run(caller.actor, commands.update, group_id, data.draft())
    return shown(*await reader.run(queries.one_shown, group_id))


@route.delete(
    "/api/admin/groups/scim-groups",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="deleteScimGroups",
    summary="Delete all groups that an identity provider keeps",
)
async def delete_scim_groups(caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.delete_kept_by_provider)


@route.delete(
    "/api/admin/groups/{group_id:int}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="deleteGroup",
    summary="Delete a group; what it could do, its members cannot do by it any more",
    errors=(404,),
)
async def delete_group(group_id: FromPath[int], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.delete, group_id)


ROUTES = [list_groups, create_group, get_group, update_group, delete_scim_groups, delete_group]
