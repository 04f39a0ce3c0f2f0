"""What people see and change of themselves."""

from typing import Any

from litestar import Request, Response

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.attempts.ports import Attempts
from flagkeeper.features.users import commands, queries
from flagkeeper.features.users.api import passwords
from flagkeeper.features.users.model import session
from flagkeeper.features.users.schemas import (
    Me,
    PasswordBody,
    grants_of,
    shown_answered,
    shown_person,
    shown_token,
)
from flagkeeper.http import route
from flagkeeper.http.authenticator import SESSION_COOKIE
from flagkeeper.http.caller import Caller, Kind
from flagkeeper.kernel.errors import Forbidden
from flagkeeper.storage.reader import Reader

TAG = "Users"


def person(caller: Caller) -> int:
    """The id of the person who calls.

    Raises:
        Forbidden: it is a token that belongs to nobody.
    """
    if caller.credential.kind is not Kind.USER:
        raise Forbidden("Only people can do this: log in, or use a personal access token.")
    return caller.credential.user_id


@route.get(
    "/api/admin/user", permission=route.ANYBODY, scope=route.OWN, tag=TAG, operation="getMe", summary="Who am I?"
)
async def get_me(caller: Caller, reader: Reader) -> Response[Me]:
    if caller.credential.kind is Kind.USER:
        user_id = person(caller)
        splashes, answered = await reader.run(queries.notes_of, user_id)
        me = Me(
            user=shown_person(await reader.run(queries.user, user_id)),
            permissions=grants_of(caller),
            feedback=[shown_answered(user_id, each) for each in answered],
            splash=dict.fromkeys(splashes, True),
        )
    else:
        me = Me(user=shown_token(caller), permissions=grants_of(caller))
    return Response(me, headers={"Cache-Control": "no-store"})


@route.post(
    "/api/admin/user/change-password",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="changeMyPassword",
    summary="Change my password, and end my other sessions",
    errors=(429,),
)
async def change_my_password(
    data: PasswordBody,
    request: Request[Any, Any, Any],
    caller: Caller,
    units: Units,
    reader: Reader,
    attempts: Attempts,
) -> None:
    user_id = person(caller)
    await passwords.demand_old(data.old_password, user_id, units, reader, attempts)
    new_hash = await queries.hash_of_chosen(data.chosen(), user_id, reader)
    present = session.hash_of(request.cookies.get(SESSION_COOKIE, ""))
    await units.run(caller.actor, commands.set_password, user_id, new_hash, keep_session=present)


ROUTES = [get_me, change_my_password]
