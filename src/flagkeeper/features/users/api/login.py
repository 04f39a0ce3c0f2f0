"""Logging in and out."""

import asyncio
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.users import commands, queries
from flagkeeper.features.users.model import session
from flagkeeper.features.users.model.login_limit import LoginLimit
from flagkeeper.features.users.model.password import demand_strong, hash_password, is_outdated, matches
from flagkeeper.features.users.queries import Login
from flagkeeper.features.users.schemas import LoginBody, PasswordBody, UserOut, shown
from flagkeeper.http import route
from flagkeeper.http.gate import SESSION_COOKIE
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import PasswordMismatch
from flagkeeper.storage.reader import Reader

TAG = "Auth"
NOBODY = 0
"""An id that no user has."""


@route.post(
    "/auth/simple/login",
    permission=route.PUBLIC,
    tag=TAG,
    operation="login",
    summary="Log in with a password",
    errors=(401, 429),
)
async def log_in(
    data: LoginBody, units: Units, reader: Reader, login_limit: LoginLimit, client_address: str, secure_cookies: bool
) -> Response[UserOut]:
    login_limit.count(client_address, clock.now())
    user_id, verified_hash, rehashed = await _verified(data, units, reader)
    cookie = session.new_session()
    ended = await units.run(SYSTEM, commands.log_in, user_id, verified_hash, session.hash_of(cookie), rehashed)
    seen = await reader.run(queries.user, user_id)
    active = await reader.run(queries.count_sessions, user_id, clock.now())
    answer = msgspec.structs.replace(shown(seen), deleted_sessions=ended, active_sessions=active)
    return Response(answer, cookies=[_cookie(cookie, session.LIFETIME, secure_cookies)])


@route.post(
    "/logout",
    permission=route.PUBLIC,
    tag=TAG,
    operation="logout",
    summary="Log out everywhere: ends all sessions of whoever sends the cookie",
    status=302,
)
async def log_out(
    request: Request[Any, Any, Any], units: Units, reader: Reader, secure_cookies: bool
) -> Response[None]:
    cookie = request.cookies.get(SESSION_COOKIE, "")
    user_id = await reader.run(queries.user_of_session, session.hash_of(cookie), clock.now())
    if user_id is not None:
        await units.run(SYSTEM, commands.log_out, user_id)
    return Response(
        None,
        headers={"Location": "/signed-out", "Clear-Site-Data": '"cookies", "storage"'},
        cookies=[_cookie("", 0, secure_cookies)],
    )


@route.post(
    "/auth/reset/validate-password",
    permission=route.PUBLIC,
    tag=TAG,
    operation="validatePassword",
    summary="Is this password strong enough?",
)
async def validate_password(data: PasswordBody) -> None:
    demand_strong(data.password)


async def _verified(data: LoginBody, units: Units, reader: Reader) -> tuple[int, str, str | None]:
    """Whose password this is, the hash that it matched, and a new one where that is outdated.

    Raises:
        PasswordMismatch: nobody's. It takes as long whether or not there is a user of that name.
    """
    found = await reader.run(queries.login_of, data.username) or Login(NOBODY, None)
    right = await asyncio.to_thread(matches, data.password, found.password_hash)
    if not right or found.password_hash is None:
        # Not waited for: how long it takes to store would tell a known name from an unknown one.
        units.submit(SYSTEM, commands.login_failed, found.user_id)
        raise PasswordMismatch(commands.WRONG_LOGIN)
    outdated = is_outdated(found.password_hash)
    rehashed = await asyncio.to_thread(hash_password, data.password) if outdated else None
    return found.user_id, found.password_hash, rehashed


def _cookie(value: str, lifetime: clock.Millis, secure: bool) -> Cookie:
    return Cookie(
        key=SESSION_COOKIE,
        value=value,
        max_age=lifetime // clock.SECOND,
        path="/",
        httponly=True,
        samesite="lax",
        secure=secure,
    )


ROUTES = [log_in, log_out, validate_password]
