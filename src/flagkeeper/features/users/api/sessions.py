"""Where people are logged in, and the end of that."""

from typing import Any

from litestar import Request
from litestar.params import FromPath

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.users import commands, queries
from flagkeeper.features.users.api.me import person
from flagkeeper.features.users.model.session import hash_of
from flagkeeper.features.users.schemas import SessionList, shown_sessions
from flagkeeper.http import route
from flagkeeper.http.authenticator import SESSION_COOKIE
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel import clock
from flagkeeper.storage.reader import Reader

TAG = "Users"

AnyRequest = Request[Any, Any, Any]


def _present(request: AnyRequest) -> str:
    """The id of the session with which somebody asks."""
    return hash_of(request.cookies.get(SESSION_COOKIE, ""))


@route.get(
    "/api/admin/user/sessions",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="getMySessions",
    summary="Where am I logged in?",
)
async def list_my_sessions(request: AnyRequest, caller: Caller, reader: Reader) -> SessionList:
    found = await reader.run(queries.open_sessions, person(caller), clock.now())
    return shown_sessions(found, _present(request))


@route.delete(
    "/api/admin/user/sessions",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="endMyOtherSessions",
    summary="Log me out everywhere but here",
    status=204,
    in_maintenance=True,
)
async def end_my_other_sessions(request: AnyRequest, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.end_sessions, person(caller), but=_present(request))


@route.delete(
    "/api/admin/user/sessions/{session_id:str}",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="endMySession",
    summary="Log me out there",
    status=204,
    errors=(404,),
    in_maintenance=True,
)
async def end_my_session(session_id: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.end_session, person(caller), session_id)


@route.get(
    "/api/admin/user-admin/{user_id:int}/sessions",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getUserSessions",
    summary="Where is this user logged in?",
    errors=(404,),
)
async def list_sessions(request: AnyRequest, user_id: FromPath[int], reader: Reader) -> SessionList:
    found = await reader.run(queries.open_sessions, user_id, clock.now())
    return shown_sessions(found, _present(request))


@route.delete(
    "/api/admin/user-admin/{user_id:int}/sessions",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="endUserSessions",
    summary="Log a user out everywhere",
    status=204,
    errors=(404,),
    in_maintenance=True,
)
async def end_sessions(user_id: FromPath[int], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.end_sessions, user_id)


@route.delete(
    "/api/admin/user-admin/{user_id:int}/sessions/{session_id:str}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="endUserSession",
    summary="Log a user out in one place",
    status=204,
    errors=(404,),
    in_maintenance=True,
)
async def end_session(user_id: FromPath[int], session_id: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.end_session, user_id, session_id)


ROUTES = [list_my_sessions, end_my_other_sessions, end_my_session, list_sessions, end_sessions, end_session]
