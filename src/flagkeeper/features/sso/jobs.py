"""Speaking to the OpenID provider, through the one way out: discovery, keys, and what a code is worth."""

import base64
import time
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import msgspec
from joserfc.jwk import KeySet

from flagkeeper.features.sso.model.flow import Discovered, Flow
from flagkeeper.features.sso.model.id_token import Expected, UnknownKey, read_id_token, read_keys
from flagkeeper.features.sso.model.oidc_settings import DISCOVERY
from flagkeeper.features.sso.model.person import says_groups
from flagkeeper.features.sso.model.untrusted import Untrusted
from flagkeeper.features.sso.queries import OidcClient
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.outbound.errors import OutboundError
from flagkeeper.outbound.outgoing import HttpRequest

FRESH = 600.0
"""Seconds for which a discovery document and keys are not asked for again; a key that is not among them is reason
enough to ask at once."""
_BY_HEADER, _BY_FORM = "client_secret_basic", "client_secret_post"
_WAYS = (_BY_HEADER, _BY_FORM)
"""How we say who we are, in the order in which it is tried: a discovery document tells what the provider knows, and not
which of these it lets this client use. Who is not known has not redeemed a code."""
T = TypeVar("T")


class _NotKnown(Untrusted):
    """It does not take whom we say we are (RFC 6749, section 5.2: `invalid_client`)."""


class _Known(msgspec.Struct):
    """Of the provider that was asked last."""

    discover_url: str
    until: float
    found: Discovered
    keys: KeySet


class OidcProvider:
    """The provider of the settings, as this server knows it."""

    def __init__(self, outbound: OutboundClient) -> None:
        self._outbound = outbound
        self._known: _Known | None = None

    async def discovered(self, discover_url: str) -> Discovered:
        """Raises `Unavailable`, `Untrusted`."""
        return (await self._provider(discover_url)).found

    async def claims(self, client: OidcClient, flow: Flow, code: str, callback: str) -> dict[str, Any]:
        """What the provider says of whoever brought the code.

        Raises:
            Unavailable: it cannot be reached.
            Untrusted: it refuses, or what it says proves nothing.
        """
        settings = client.settings
        provider = await self._provider(settings.discover_url)
        answer = await self._redeem(client, provider.found, flow, code, callback)
        expected = Expected(
            issuer=provider.found.issuer,
            client_id=settings.client_id,
            nonce=flow.nonce,
            algorithm=settings.id_token_signing_algorithm,
        )
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise Untrusted("it sent no ID token")
        try:
            claims = read_id_token(token, provider.keys, expected, clock.now())
        except UnknownKey:
            provider.keys = await self._keys(provider.found)
            claims = read_id_token(token, provider.keys, expected, clock.now())
        if "email" in claims and (not settings.enable_group_syncing or says_groups(claims, settings.group_json_path)):
            return claims
        return await self._with_more(claims, provider.found, answer.get("access_token"))

    async def _provider(self, discover_url: str) -> _Known:
        known = self._known
        if known is None or known.discover_url != discover_url or known.until < time.monotonic():
            found = await self._ask(HttpRequest(url=discover_url, method="GET"), Discovered)
            if found.issuer.rstrip("/") != discover_url.removesuffix(DISCOVERY).rstrip("/"):
                raise Untrusted("its discovery document names another issuer than its address")
            if discover_url.startswith("https:") and not all(
                urlsplit(each).scheme == "https"
                for each in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
            ):
                raise Untrusted("its discovery document leads away from https")
            keys = await self._keys(found)
            known = self._known = _Known(discover_url, time.monotonic() + FRESH, found, keys)
        return known

    async def _keys(self, found: Discovered) -> KeySet:
        return read_keys(await self._ask(HttpRequest(url=found.jwks_uri, method="GET"), dict[str, Any]))

    async def _redeem(
        self, client: OidcClient, found: Discovered, flow: Flow, code: str, callback: str
    ) -> dict[str, Any]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback}
        if client.settings.enable_pkce:
            form["code_verifier"] = flow.verifier
        *others, last = [each for each in _WAYS if each in found.token_endpoint_auth_methods_supported] or [_BY_FORM]
        for way in others:
            try:
                return await self._ask(_redeeming(client, found.token_endpoint, form, way), dict[str, Any])
            except _NotKnown:
                continue
        return await self._ask(_redeeming(client, found.token_endpoint, form, last), dict[str, Any])

    async def _with_more(self, claims: dict[str, Any], found: Discovered, token: object) -> dict[str, Any]:
        """With what only the userinfo endpoint says: an ID token need not have an address, nor groups (OpenID Connect
        Core 1.0, section 5.4)."""
        if not found.userinfo_endpoint or not isinstance(token, str) or not token.isascii():
            return claims
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        request = HttpRequest(url=found.userinfo_endpoint, method="GET", headers=headers)
        more = await self._ask(request, dict[str, Any])
        if more.get("sub") != claims["sub"]:
            raise Untrusted("it says something of somebody else")
        return {**more, **claims}

    async def _ask(self, request: HttpRequest, expected: type[T]) -> T:
        try:
            answer = await self._outbound.request(request)
        except OutboundError as error:
            raise Unavailable(f"The identity provider cannot be reached: {error.message}.") from error
        if answer.status >= 500:
            raise Unavailable(f"The identity provider answers with status {answer.status}. Try again.")
        if answer.status in (400, 401) and b'"invalid_client"' in answer.body:
            raise _NotKnown("it does not know us by the client id and the secret of the settings")
        if answer.status != 200:
            raise Untrusted(f"it answers with status {answer.status}")
        try:
            return msgspec.json.decode(answer.body, type=expected)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Untrusted("its answer cannot be read") from error


def _redeeming(client: OidcClient, url: str, form: dict[str, str], way: str) -> HttpRequest:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if way == _BY_HEADER:
        pair = f"{quote_plus(client.settings.client_id)}:{quote_plus(client.secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form = {**form, "client_id": client.settings.client_id, "client_secret": client.secret}
    return HttpRequest(url=url, headers=headers, body=urlencode(form).encode())
