"""Logging in and out."""

import asyncio
from typing import Any

import msgspec
from litestar import Request, Response

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.attempts.model import Tried, account_of, account_of_user, network_of
from flagkeeper.features.attempts.ports import Attempts
from flagkeeper.features.instance.ports import SettingsNow
from flagkeeper.features.logins.model import Refusal, Visit
from flagkeeper.features.users import commands, queries
from flagkeeper.features.users.model import session
from flagkeeper.features.users.model.password import demand_strong, hash_password, is_outdated, matches
from flagkeeper.features.users.model.session import SessionRules
from flagkeeper.features.users.queries import Login
from flagkeeper.features.users.schemas import LoginBody, PasswordBody, UserOut, shown
from flagkeeper.http import route
from flagkeeper.http.application import Answer
from flagkeeper.http.authenticator import SESSION_COOKIE
from flagkeeper.http.cookies import Cookies
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import LoginDisabled, PasswordMismatch
from flagkeeper.storage.reader import Reader

TAG = "Auth"
NOBODY = 0
"""An id that no user has."""


@route.post(
    "/auth/simple/login",
    permission=route.PUBLIC,
    scope=route.OWN,
    tag=TAG,
    operation="login",
    summary="Log in with a password",
    errors=(401, 422, 429),
)
async def log_in(
    data: LoginBody,
    request: Request[Any, Any, Any],
    units: Units,
    reader: Reader,
    attempts: Attempts,
    visit: Visit,
    instance_settings: SettingsNow,
    cookie_maker: Cookies,
    session_rules: SessionRules,
) -> Response[UserOut]:
    await attempts.count(Tried.LOGIN, visit.ip)
    if instance_settings.passwords_disabled:
        await units.run(SYSTEM, commands.login_refused, data.username, visit, Refusal.NO_PASSWORDS)
        raise LoginDisabled("Logging in with a password is switched off. Use single sign-on.")
    proven = await _verified(data, visit, request, units, reader, attempts)
    cookie = session.new_session()
    ended = await units.run(SYSTEM, commands.log_in, proven, session.hash_of(cookie), visit, session_rules)
    seen = await reader.run(queries.user, proven.user_id)
    active = await reader.run(queries.count_sessions, proven.user_id, clock.now())
    answer = msgspec.structs.replace(shown(seen), deleted_sessions=ended, active_sessions=active)
    return Response(answer, cookies=[cookie_maker.session(cookie, session_rules.lifetime)])


@route.post(
    "/logout",
    permission=route.PUBLIC,
    scope=route.OWN,
    tag=TAG,
    operation="logout",
    summary="Log out everywhere: ends all sessions of whoever sends the cookie",
    status=302,
)
async def log_out(
    request: Request[Any, Any, Any], units: Units, reader: Reader, cookie_maker: Cookies
) -> Response[None]:
    cookie = request.cookies.get(SESSION_COOKIE, "")
    user_id = await reader.run(queries.user_of_session, session.hash_of(cookie), clock.now())
    if user_id is not None:
        await units.run(SYSTEM, commands.log_out, user_id)
    return Answer(
        None,
        headers={"Location": f"{cookie_maker.base_path}/signed-out", "Clear-Site-Data": '"cookies", "storage"'},
        cookies=[cookie_maker.session("", 0)],
    )


@route.post(
    "/auth/reset/validate-password",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="validatePassword",
    summary="Is this password strong enough?",
)
async def validate_password(data: PasswordBody) -> None:
    demand_strong(data.password)


async def _verified(
    data: LoginBody,
    visit: Visit,
    request: Request[Any, Any, Any],
    units: Units,
    reader: Reader,
    attempts: Attempts,
) -> commands.Proven:
    """Whose password this is.

    Raises:
        PasswordMismatch: nobody's. It takes as long whether or not there is a user of that name.
        RateLimited: too many were wrong, and nobody of that name is known to come from there.
    """
    present = session.hash_of(request.cookies.get(SESSION_COOKIE, ""))
    found = await reader.run(queries.login_of, data.username, network_of(visit.ip), present, clock.now())
    found = found or Login(NOBODY, None, at_home=False, has_session=False)
    account = _account(data.username, found)
    if account is not None:
        await attempts.try_password(account)
    right = await asyncio.to_thread(matches, data.password, found.password_hash)
    if not right or found.password_hash is None:
        # Not waited for: how long it takes to store would tell a known name from an unknown one.
        units.submit(SYSTEM, commands.login_failed, found.user_id, visit)
        raise PasswordMismatch(commands.WRONG_LOGIN)
    outdated = is_outdated(found.password_hash)
    rehashed = await asyncio.to_thread(hash_password, data.password) if outdated else None
    return commands.Proven(found.user_id, found.password_hash, rehashed, account)


def _account(name: str, found: Login) -> str | None:
    """Whose wrong passwords these would be; None: the owner's own. A session may have been found, so it only has a
    count of its own, and strangers do not hold it up."""
    if found.at_home:
        return None
    return account_of_user(found.user_id) if found.has_session else account_of(name)


ROUTES = [log_in, log_out, validate_password]
