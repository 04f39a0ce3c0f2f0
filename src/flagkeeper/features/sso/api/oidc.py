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
from flagkeeper.features.sso import commands, queries
from flagkeeper.features.sso.jobs import OidcProvider
from flagkeeper.features.sso.model.flow import LIFETIME, Flow, asked, new_flow, safe_target
from flagkeeper.features.sso.model.id_token import Untrusted
from flagkeeper.features.sso.model.oidc_settings import OidcSettings
from flagkeeper.features.sso.model.person import NotLetIn, Person, person_of
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model import session
from flagkeeper.features.users.model.session import SessionRules
from flagkeeper.http import route
from flagkeeper.http.application import Answer
from flagkeeper.http.cookies import Cookies
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import BadCredentials, BadData, Forbidden, LoginDisabled
from flagkeeper.kernel.secrets import Keyring, Unreadable
from flagkeeper.storage.reader import Reader

TAG = "Auth"
COOKIE = "flagkeeper-oidc"
PATH = "/auth/oidc"
"""Below it browsers send the cookie."""
BEGIN_AGAIN = "This login was not begun here, or too long ago. Begin again."

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
)
async def start_login(
    attempts: Attempts,
    client_address: str,
    instance_settings: SettingsNow,
    reader: Reader,
    oidc_provider: OidcProvider,
    keyring: Keyring,
    base_url: str,
    cookie_maker: Cookies,
    redirect: str = "",
) -> Response[None]:
    await attempts.count(Tried.LOGIN, client_address)
    _demand_enabled(instance_settings)
    settings = await reader.run(queries.oidc_settings)
    found = await _trusted(oidc_provider.discovered(settings.discover_url))
    flow = new_flow(safe_target(redirect, cookie_maker.base_path), clock.now())
    sealed = keyring.seal(msgspec.json.encode(flow).decode(), flow.state)
    target = asked(flow, settings, found, f"{base_url}{PATH}/callback")
    return Answer(None, headers=_to(target), cookies=[cookie_maker.cookie(COOKIE, sealed, LIFETIME, PATH)])


@route.get(
    "/auth/oidc/callback",
    permission=route.PUBLIC,
    scope=route.OWN,
    tag=TAG,
    operation="endOidcLogin",
    summary="Come back from the OpenID provider, logged in",
    status=302,
    errors=(401, 403, 422, 429, 503),
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
    _demand_enabled(instance_settings)
    flow = _flow(request.cookies.get(COOKIE, ""), given_state, keyring)
    if refused or not code:
        raise BadCredentials("The identity provider did not log you in. Begin again.")
    client = await reader.run(queries.oidc_client, keyring)
    claims = await _trusted(oidc_provider.claims(client, flow, code, f"{base_url}{PATH}/callback"))
    person = person_of(claims["iss"], claims, client.settings.group_json_path)
    cookie = await _let_in(person, client.settings, visit, units, session_rules)
    cookies = [cookie_maker.session(cookie, session_rules.lifetime), cookie_maker.cookie(COOKIE, "", 0, PATH)]
    return Answer(None, headers=_to(flow.back_to), cookies=cookies)


async def _let_in(
    person: Person, settings: OidcSettings, visit: Visit, units: Units, session_rules: SessionRules
) -> str:
    """Opens a session, and returns what its cookie has.

    Raises:
        Forbidden: nobody said that they may in; the history of logins says so too.
    """
    here, cookie = msgspec.structs.replace(visit, auth_type=AuthType.OIDC), session.new_session()
    actor = msgspec.structs.replace(SYSTEM, ip=visit.ip)
    try:
        await units.run(actor, commands.sign_in, person, settings, session.hash_of(cookie), here, session_rules)
    except NotLetIn as error:
        await units.run(SYSTEM, users.login_refused, error.name, here, error.message)
        raise Forbidden(error.message) from error
    return cookie


def _demand_enabled(instance_settings: SettingsNow) -> None:
    if OIDC not in instance_settings.enabled:
        raise LoginDisabled("Logging in by OpenID Connect is switched off.")


def _flow(cookie: str, state: str, keyring: Keyring) -> Flow:
    """The flow that this browser began. Raises `BadData` where it began none, another one, or too long ago."""
    try:
        flow = msgspec.json.decode(keyring.open(cookie, state), type=Flow)
    except (Unreadable, msgspec.DecodeError) as error:
        raise BadData(BEGIN_AGAIN) from error
    if not state or flow.state != state or flow.ends_at <= clock.now():
        raise BadData(BEGIN_AGAIN)
    return flow


async def _trusted(answer: Awaitable[T]) -> T:
    """What the provider answered. Raises `BadCredentials` when it proves nothing; `Unavailable`."""
    try:
        return await answer
    except Untrusted as error:
        log.warning("untrusted_identity_provider", reason=str(error))
        raise BadCredentials(f"The answer of the identity provider proves nothing: {error}.") from error


def _to(target: str) -> dict[str, str]:
    return {"Location": target, "Cache-Control": "no-store"}


ROUTES = [start_login, end_login]
