"""What administrators see and change of users."""

from typing import Annotated

import msgspec
from litestar.params import FromPath, QueryParameter

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.access import queries as access
from flagkeeper.features.access.schemas import shown as shown_role
from flagkeeper.features.users import commands, queries
from flagkeeper.features.users.model.password import demand_strong
from flagkeeper.features.users.model.user import Inactivity
from flagkeeper.features.users.ports import GroupsOfUser, PatsSeen, SearchesOfUser, TokensOfUser
from flagkeeper.features.users.schemas import (
    AdminCount,
    InactiveUsers,
    PasswordBody,
    UserBody,
    UserIdsBody,
    UserList,
    UserOut,
    shown,
    shown_inactive,
    shown_with_role,
)
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel import clock
from flagkeeper.storage.reader import Reader

TAG = "Users"
SHORTEST_SEARCH = 2
"""Characters; shorter texts find nobody."""


@route.get(
    "/api/admin/user-admin",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getUsers",
    summary="All users and root roles",
)
async def list_users(reader: Reader) -> UserList:
    found = await reader.run(queries.all_users)
    return UserList(
        users=[msgspec.structs.replace(shown_with_role(seen), invite_link="") for seen in found],
        root_roles=[shown_role(role) for role in await reader.run(access.root_roles)],
    )


@route.get(
    "/api/admin/user-admin/search",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="searchUsers",
    summary="Users whose name, username or e-mail address contains a text",
)
async def search_users(reader: Reader, text: Annotated[str, QueryParameter(name="q")] = "") -> list[UserOut]:
    if len(text) < SHORTEST_SEARCH:
        return []
    return [shown(seen) for seen in await reader.run(queries.search, text)]


@route.get(
    "/api/admin/user-admin/admin-count",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getAdminCount",
    summary="How many administrators there are",
)
async def count_admins(reader: Reader) -> AdminCount:
    found = await reader.run(queries.count_admins)
    return AdminCount(password=found.password, no_password=found.no_password)


@route.get(
    "/api/admin/user-admin/inactive",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getInactiveUsers",
    summary="Users who have neither logged in nor used a token for long: 180 days, unless the server is told otherwise",
)
async def list_inactive(reader: Reader, inactivity: Inactivity, pats_seen: PatsSeen) -> InactiveUsers:
    found = await reader.run(queries.inactive, inactivity, pats_seen, clock.now())
    return InactiveUsers(inactive_users=[shown_inactive(each) for each in found])


@route.post(
    "/api/admin/user-admin/inactive/delete",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="deleteInactiveUsers",
    summary="Delete inactive users: all that are named, or nobody",
    errors=(409,),
)
async def delete_inactive(
    data: UserIdsBody,
    caller: Caller,
    units: Units,
    inactivity: Inactivity,
    pats_seen: PatsSeen,
    tokens_of_user: TokensOfUser,
    searches_of_user: SearchesOfUser,
    groups_of_user: GroupsOfUser,
) -> None:
    ports = pats_seen, tokens_of_user, searches_of_user, groups_of_user
    await units.run(caller.actor, commands.delete_inactive, data.ids, inactivity, *ports)


@route.get(
    "/api/admin/user-admin/{user_id:int}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getUser",
    summary="One user",
    errors=(404,),
)
async def get_user(user_id: FromPath[int], reader: Reader) -> UserOut:
    return shown_with_role(await reader.run(queries.user, user_id))


@route.put(
    "/api/admin/user-admin/{user_id:int}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="updateUser",
    summary="Change a user's name, e-mail address or root role",
    errors=(404,),
)
async def update_user(
    user_id: FromPath[int],
    data: UserBody,
    caller: Caller,
    units: Units,
    reader: Reader,
) -> UserOut:
    await units.run(caller.actor, commands.update, user_id, data.change())
    return shown_with_role(await reader.run(queries.user, user_id))


@route.delete(
    "/api/admin/user-admin/{user_id:int}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="deleteUser",
    summary="Delete a user with all sessions, tokens and private searches",
    status=200,
    errors=(404,),
)
async def delete_user(
    user_id: FromPath[int],
    caller: Caller,
    units: Units,
    tokens_of_user: TokensOfUser,
    searches_of_user: SearchesOfUser,
    groups_of_user: GroupsOfUser,
) -> None:
    await units.run(caller.actor, commands.delete, user_id, tokens_of_user, searches_of_user, groups_of_user)


@route.post(
    "/api/admin/user-admin/{user_id:int}/change-password",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="changeUserPassword",
    summary="Set a user's password, and end the user's sessions",
    errors=(404,),
)
async def change_password(
    user_id: FromPath[int], data: PasswordBody, caller: Caller, units: Units, reader: Reader
) -> None:
    new_hash = await queries.hash_of_chosen(data.chosen(), user_id, reader)
    await units.run(caller.actor, commands.set_password, user_id, new_hash)


@route.post(
    "/api/admin/user-admin/validate-password",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="validateUserPassword",
    summary="Is this password strong enough?",
)
async def validate_password(data: PasswordBody) -> None:
    demand_strong(data.password)


@route.delete(
    "/api/admin/service-account/{account_id:int}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag="Service Accounts",
    operation="deleteServiceAccount",
    summary="Delete a service account with all its tokens",
    status=200,
    errors=(404,),
)
async def delete_account(
    account_id: FromPath[int],
    caller: Caller,
    units: Units,
    tokens_of_user: TokensOfUser,
    searches_of_user: SearchesOfUser,
    groups_of_user: GroupsOfUser,
) -> None:
    things = (tokens_of_user, searches_of_user, groups_of_user)
    await units.run(caller.actor, commands.delete_service, account_id, *things)


ROUTES = [
    delete_account,
    list_users,
    search_users,
    count_admins,
    list_inactive,
    delete_inactive,
    get_user,
    update_user,
    delete_user,
    change_password,
    validate_password,
]
