"""Logging in by OpenID Connect: there and back (the authorization code flow)."""

from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar

import msgspec
import structlog
from litestar import Request, Response
from litestar.params import QueryParameter

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.attempts.model import Tried
from flagkeeper.features.attempts.ports import Attempts
from flagkeeper.features.instance.model import OIDC
from flagkeeper.features.instance.ports import SettingsNow
from flagkeeper.features.logins.model import AuthType, Visit
from flagkeeper.features.sso import queries
from flagkeeper.features.sso.api.returning import demand_enabled, let_in, not_proven, opened, sealed, to
from flagkeeper.features.sso.jobs import OidcProvider
from flagkeeper.features.sso.model.flow import LIFETIME, Flow, asked, new_flow, safe_target
from flagkeeper.features.sso.model.person import person_of
from flagkeeper.features.sso.model.untrusted import Untrusted
from flagkeeper.features.users.model.session import SessionRules
from flagkeeper.http import route
from flagkeeper.http.application import Answer
from flagkeeper.http.cookies import Cookies
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadCredentials
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.storage.reader import Reader

TAG = "Auth"
COOKIE = "flagkeeper-oidc"
PATH = "/auth/oidc"
"""Below it browsers send the cookie."""
WAY = "OpenID Connect"

AnyRequest = Request[Any, Any, Any]
T = TypeVar("T")

log = structlog.get_logger("flagkeeper.sso")


@route.get(
    "/auth/oidc/login",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="startOidcLogin",
    summary="Go to the OpenID provider to log in",
    status=302,
    errors=(401, 422, 429, 503),
    for_browsers=True,
)
async def start_login(
    attempts: Attempts,
    visit: Visit,
    instance_settings: SettingsNow,
    reader: Reader,
    units: Units,
    oidc_provider: OidcProvider,
    keyring: Keyring,
    base_url: str,
    cookie_maker: Cookies,
    redirect: str = "",
) -> Response[None]:
    await attempts.count(Tried.LOGIN, visit.ip)
    demand_enabled(instance_settings, OIDC, WAY)
    settings = await reader.run(queries.oidc_settings)
    found = await _trusted(oidc_provider.discovered(settings.discover_url), _by_oidc(visit), units)
    flow = new_flow(safe_target(redirect, cookie_maker.base_path), clock.now())
    target = asked(flow, settings, found, f"{base_url}{PATH}/callback")
    return Answer(
        None, headers=to(target), cookies=[cookie_maker.cookie(COOKIE, sealed(flow, keyring), LIFETIME, PATH)]
    )


@route.get(
    "/auth/oidc/callback",
    permission=route.PUBLIC,
    scope=route.OWN,
    tag=TAG,
    operation="endOidcLogin",
    summary="Come back from the OpenID provider, logged in",
    status=302,
    errors=(401, 403, 422, 429, 503),
    for_browsers=True,
)
async def end_login(
    request: AnyRequest,
    attempts: Attempts,
    instance_settings: SettingsNow,
    reader: Reader,
    units: Units,
    oidc_provider: OidcProvider,
    keyring: Keyring,
    base_url: str,
    visit: Visit,
    cookie_maker: Cookies,
    session_rules: SessionRules,
    code: str = "",
    given_state: Annotated[str, QueryParameter(name="state")] = "",
    refused: Annotated[str, QueryParameter(name="error")] = "",
) -> Response[None]:
    await attempts.count(Tried.RETURN, visit.ip)
    demand_enabled(instance_settings, OIDC, WAY)
    here, flow = _by_oidc(visit), opened(request.cookies.get(COOKIE, ""), given_state, keyring, Flow)
    if refused or not code:
        raise BadCredentials("The identity provider did not log you in. Begin again.")
    client = await reader.run(queries.oidc_client, keyring)
    claims = await _trusted(oidc_provider.claims(client, flow, code, f"{base_url}{PATH}/callback"), here, units)
    person = person_of(claims["iss"], claims, client.settings.group_json_path)
    cookie = await let_in(person, client.settings, here, units, session_rules, keyring)
    cookies = [cookie_maker.session(cookie, session_rules.lifetime), cookie_maker.cookie(COOKIE, "", 0, PATH)]
    return Answer(None, headers=to(flow.back_to), cookies=cookies)


async def _trusted(answer: Awaitable[T], visit: Visit, units: Units) -> T:
    """What the provider answered. Raises `BadCredentials` when it proves nothing, which the history of logins has too;
    `Unavailable`."""
    try:
        return await answer
    except Untrusted as error:
        log.warning("untrusted_identity_provider", reason=str(error))
        raise BadCredentials(await not_proven(error, visit, units)) from error


def _by_oidc(visit: Visit) -> Visit:
    return msgspec.structs.replace(visit, auth_type=AuthType.OIDC)


ROUTES = [start_login, end_login]
