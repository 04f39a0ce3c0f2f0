"""Logging in by SAML 2.0: there by a redirect, back by a form, and in by a redirect of our own.

The form comes from another site, so a browser sends none of our cookies with it. What it says is checked and kept, and
the browser is sent on to where its cookie counts: that shows whether it is the one that asked.
"""

import asyncio
from typing import Any
from urllib.parse import parse_qs

import msgspec
import structlog
from litestar import Request, Response

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.attempts.model import Tried
from flagkeeper.features.attempts.ports import Attempts
from flagkeeper.features.instance.model import SAML, ServerFacts
from flagkeeper.features.instance.ports import SettingsNow
from flagkeeper.features.logins.model import AuthType, Visit
from flagkeeper.features.sso import commands, queries
from flagkeeper.features.sso.api.returning import BEGIN_AGAIN, demand_enabled, let_in, not_proven, opened, sealed, to
from flagkeeper.features.sso.model import saml_request
from flagkeeper.features.sso.model.flow import LIFETIME, Begun, safe_target
from flagkeeper.features.sso.model.person import Answered, person_of_assertion
from flagkeeper.features.sso.model.saml_answer import Parties, read_answer
from flagkeeper.features.sso.model.saml_settings import SamlSettings
from flagkeeper.features.sso.model.saml_xml import LARGEST
from flagkeeper.features.sso.model.untrusted import Untrusted
from flagkeeper.features.users.model.session import SessionRules
from flagkeeper.http import route
from flagkeeper.http.application import Answer
from flagkeeper.http.cookies import Cookies
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import BadCredentials, BadData
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.storage.reader import Reader

TAG = "Auth"
COOKIE = "flagkeeper-saml"
PATH = "/auth/saml"
"""Below it browsers send the cookie."""
WAY = "SAML"
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 10
LARGEST_FORM = 2 * LARGEST
"""Bytes: base64 takes a third more, and what a form writes as `%2B` a little."""

AnyRequest = Request[Any, Any, Any]

log = structlog.get_logger("flagkeeper.sso")


class SamlForm(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider makes browsers send."""

    SAMLResponse: str
    RelayState: str = ""
    """It is not read: where somebody wanted to go stands in the cookie."""


@route.get(
    "/auth/saml/metadata",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getSamlMetadata",
    summary="What a SAML provider needs to know of this server, as it can import it",
    media_type="application/samlmetadata+xml",
)
async def get_metadata(reader: Reader, keyring: Keyring, server_facts: ServerFacts) -> str:
    party = await reader.run(queries.saml_party, keyring)
    return saml_request.metadata(server_facts.base_url, party.own_key)


@route.get(
    "/auth/saml/login",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="startSamlLogin",
    summary="Go to the SAML provider to log in",
    status=302,
    errors=(422, 429),
    for_browsers=True,
)
async def start_login(
    attempts: Attempts,
    client_address: str,
    instance_settings: SettingsNow,
    reader: Reader,
    keyring: Keyring,
    server_facts: ServerFacts,
    cookie_maker: Cookies,
    redirect: str = "",
) -> Response[None]:
    await attempts.count(Tried.LOGIN, client_address)
    demand_enabled(instance_settings, SAML, WAY)
    party = await reader.run(queries.saml_party, keyring)
    begun = saml_request.begin(safe_target(redirect, cookie_maker.base_path), clock.now())
    target = saml_request.request_url(begun, party.settings, party.own_key, server_facts.base_url, clock.now())
    return Answer(
        None, headers=to(target), cookies=[cookie_maker.cookie(COOKIE, sealed(begun, keyring), LIFETIME, PATH)]
    )


@route.post(
    "/auth/saml/callback",
    permission=route.PUBLIC,
    scope=route.OWN,
    tag=TAG,
    operation="takeSamlAnswer",
    summary="Come back from the SAML provider, with what it says",
    status=303,
    errors=(401, 422, 429),
    accepts={FORM: SamlForm},
    request_max_body_size=LARGEST_FORM,
    for_browsers=True,
)
async def take_answer(
    request: AnyRequest,
    attempts: Attempts,
    instance_settings: SettingsNow,
    reader: Reader,
    units: Units,
    server_facts: ServerFacts,
    visit: Visit,
    cookie_maker: Cookies,
) -> Response[None]:
    await attempts.count(Tried.RETURN, visit.ip)
    demand_enabled(instance_settings, SAML, WAY)
    settings = await reader.run(queries.saml_settings)
    parties = Parties(settings, server_facts.base_url, saml_request.callback(server_facts.base_url))
    code = await _kept(await request.body(), parties, _by_saml(visit), units)
    return Answer(None, headers=to(f"{cookie_maker.base_path}{PATH}/finish?answer={code}"))


@route.get(
    "/auth/saml/finish",
    permission=route.PUBLIC,
    scope=route.OWN,
    tag=TAG,
    operation="endSamlLogin",
    summary="Log in with what the SAML provider has said to the browser that asked it",
    status=302,
    errors=(401, 403, 422),
    for_browsers=True,
)
async def end_login(
    request: AnyRequest,
    instance_settings: SettingsNow,
    reader: Reader,
    units: Units,
    keyring: Keyring,
    visit: Visit,
    cookie_maker: Cookies,
    session_rules: SessionRules,
    answer: str = "",
) -> Response[None]:
    demand_enabled(instance_settings, SAML, WAY)
    settings = await reader.run(queries.saml_settings)
    here = _by_saml(visit)
    answered, begun = await _own(answer, request.cookies.get(COOKIE, ""), here, units, keyring)
    cookie = await let_in(answered.person, settings, here, units, session_rules, keyring)
    cookies = [cookie_maker.session(cookie, session_rules.lifetime), cookie_maker.cookie(COOKIE, "", 0, PATH)]
    return Answer(None, headers=to(begun.back_to), cookies=cookies)


@route.get(
    "/auth/saml/signed-out",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="leaveSaml",
    summary="After logging out here, go to where the SAML provider logs people out",
    status=302,
)
async def leave(reader: Reader, cookie_maker: Cookies) -> Response[None]:
    settings: SamlSettings = await reader.run(queries.saml_settings)
    target = settings.sign_out_url if settings.enabled else ""
    return Answer(None, headers=to(target or f"{cookie_maker.base_path}/signed-out"))


def _by_saml(visit: Visit) -> Visit:
    return msgspec.structs.replace(visit, auth_type=AuthType.SAML)


async def _kept(form: bytes, parties: Parties, visit: Visit, units: Units) -> str:
    """The code by which the browser fetches what the provider says. Raises `BadCredentials` when that proves nothing;
    the history of logins says so too."""
    try:
        said = await asyncio.to_thread(read_answer, _answer_in(form), parties, clock.now())
        settings = parties.settings
        person = person_of_assertion(settings.entity_id, said, settings.group_json_path)
        return await units.run(SYSTEM, commands.keep_answer, said.id, Answered(said.request_id, person))
    except Untrusted as error:
        log.warning("untrusted_identity_provider", reason=str(error))
        raise BadCredentials(await not_proven(error, visit, units)) from error


def _answer_in(form: bytes) -> str:
    """The `SAMLResponse` of a form. Raises `Untrusted`."""
    try:
        found = parse_qs(form.decode(), max_num_fields=MOST_FIELDS).get("SAMLResponse", [])
    except ValueError as error:
        raise Untrusted("it came in a form that cannot be read") from error
    if len(found) != 1:
        raise Untrusted("the form must have one field SAMLResponse")
    return found[0]


async def _own(code: str, cookie: str, visit: Visit, units: Units, keyring: Keyring) -> tuple[Answered, Begun]:
    """What the provider said to this browser, and the login that it began. Raises `BadData`."""
    answered: Answered | None = await units.run(SYSTEM, commands.fetch_answer, code)
    if answered is None:
        raise BadData(BEGIN_AGAIN)
    try:
        return answered, opened(cookie, answered.request_id, keyring, Begun)
    except BadData as error:
        await not_proven(error, visit, units)
        raise


ROUTES = [get_metadata, start_login, take_answer, end_login, leave]
