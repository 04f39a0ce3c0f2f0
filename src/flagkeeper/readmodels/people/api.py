"""The API of what people belong to, and may do."""

from typing import Annotated, Any

from litestar import Request, Response
from litestar.params import FromPath, QueryParameter

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access.schemas import RoleList
from flagkeeper.http import route
from flagkeeper.http.access import NOTHING, Accesses
from flagkeeper.http.caller import Caller, Kind
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import Forbidden
from flagkeeper.readmodels.people import queries
from flagkeeper.readmodels.people.queries import Place
from flagkeeper.readmodels.people.schemas import (
    AccessOverview,
    ProfileOut,
    UserPermissions,
    UsersAndGroups,
    as_csv,
    shown_access,
    shown_everybody,
    shown_permissions,
    shown_profile,
    shown_roles,
)
from flagkeeper.storage.reader import Reader

TAG = "Users"

ProjectId = Annotated[str, QueryParameter(name="projectId")]
WHERE = {
    "project": "What they may do in this project; left out: in every one, because of what they may do outside of them.",
    "environment": "What they may do in this environment; left out: in every one.",
}


def _person(caller: Caller) -> int:
    if caller.credential.kind is not Kind.USER:
        raise Forbidden("Only people can do this: log in, or use a personal access token.")
    return caller.credential.user_id


@route.get(
    "/api/admin/user-admin/access",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getBaseUsersAndGroups",
    summary="Everybody, and every group, that a project can be opened to",
)
async def list_base_users(reader: Reader) -> UsersAndGroups:
    return shown_everybody(*await reader.run(queries.everybody))


@route.get(
    "/api/admin/user/profile",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="getProfile",
    summary="Where do I belong?",
)
async def get_profile(caller: Caller, reader: Reader) -> ProfileOut:
    return shown_profile(await reader.run(queries.profile, _person(caller)), caller.credential.access)


@route.get(
    "/api/admin/user/roles",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="getUserRoles",
    summary="My roles in a project, those of my groups too",
)
async def get_roles(project_id: ProjectId, caller: Caller, reader: Reader) -> RoleList:
    _person(caller)
    roles = await reader.run(queries.roles_held, caller.credential.access, project_id)
    return RoleList(roles=shown_roles(roles, project_id))


@route.get(
    "/api/admin/user-admin/{user_id:int}/permissions",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag="Instance Admin",
    operation="getUserPermissions",
    summary="What somebody may do, and which roles and groups let them",
    errors=(404,),
    query=WHERE,
)
async def get_user_permissions(
    user_id: FromPath[int],
    reader: Reader,
    token_view: Accesses,
    visibility: Visibility,
    project: str | None = None,
    environment: str | None = None,
) -> UserPermissions:
    place = Place(project or None, environment or None)
    found = await reader.run(queries.entitled, user_id, place, visibility)
    return shown_permissions(found, token_view.access_of(user_id) or NOTHING, place)


@route.get(
    "/api/admin/service-account/{account_id:int}/permissions",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag="Auth",
    operation="getServiceAccountPermissions",
    summary="What a service account may do, and which roles and groups let it",
    errors=(404,),
    query=WHERE,
)
async def get_account_permissions(
    account_id: FromPath[int],
    reader: Reader,
    token_view: Accesses,
    visibility: Visibility,
    project: str | None = None,
    environment: str | None = None,
) -> UserPermissions:
    place = Place(project or None, environment or None)
    found = await reader.run(queries.entitled, account_id, place, visibility, service=True)
    return shown_permissions(found, token_view.access_of(account_id) or NOTHING, place)


@route.get(
    "/api/admin/access/overview",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag="Auth",
    operation="getAccessOverview",
    summary="Everybody with their root role, groups and projects; as CSV for those who accept it",
    returns=AccessOverview,
)
async def get_overview(request: Request[Any, Any, Any], heavy_reader: Reader, token_view: Accesses) -> Response[Any]:
    found = await heavy_reader.run(queries.overview)
    shown = [shown_access(each, token_view.access_of(each.seen.user.id) or NOTHING) for each in found]
    if request.accept.best_match(["application/json", "text/csv"]) != "text/csv":
        return Response(AccessOverview(overview=shown))
    name = f"flagkeeper-access-{clock.to_iso(clock.now())[:10]}.csv"
    return Response(
        as_csv(shown), media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


ROUTES = [list_base_users, get_profile, get_roles, get_user_permissions, get_account_permissions, get_overview]
