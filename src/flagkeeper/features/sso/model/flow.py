"""One login at a provider, between leaving for it and coming back: what the browser keeps, sealed. Pure."""

import base64
import re
import secrets
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from flagkeeper.features.sso.model.oidc_settings import OidcSettings
from flagkeeper.kernel import clock

LIFETIME = 10 * clock.MINUTE
"""How long somebody may take to show the provider who they are."""
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A login that somebody has begun."""

    state: str
    """Comes back with the provider's answer: who has this has asked for it."""
    back_to: str
    """Where people wanted to go."""
    ends_at: clock.Millis


class Flow(Begun, frozen=True, kw_only=True):
    """One by OpenID Connect."""

    nonce: str
    """Comes back in the ID token: it is the one that was asked for."""
    verifier: str
    """Shows the provider that who redeems the code is who asked for it (RFC 7636)."""


class Discovered(msgspec.Struct, frozen=True, kw_only=True):
    """What a discovery document says, as far as we need it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


def new_flow(back_to: str, now: clock.Millis) -> Flow:
    return Flow(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        back_to=back_to,
        ends_at=now + LIFETIME,
    )


def asked(flow: Flow, settings: OidcSettings, found: Discovered, callback: str) -> str:
    """Where the browser goes to show the provider who somebody is."""
    parameters: dict[str, Any] = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": callback,
        "scope": "openid email profile groups" if settings.add_groups_scope else "openid email profile",
        "state": flow.state,
        "nonce": flow.nonce,
    }
    if settings.enable_pkce:
        digest = sha256(flow.verifier.encode()).digest()
        parameters |= {
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
    if settings.acr_values:
        parameters["acr_values"] = settings.acr_values
    return with_query(found.authorization_endpoint, urlencode(parameters))


def with_query(url: str, query: str) -> str:
    """An address with some more parameters."""
    return f"{url}{'&' if urlsplit(url).query else '?'}{query}"


def safe_target(wanted: str, base_path: str) -> str:
    """A path of this server to go to after a login: the one that is wanted, or its first page."""
    home = f"{base_path}/"
    safe = wanted.startswith(home) and not wanted.startswith("//") and not _UNSAFE.search(wanted)
    return wanted if safe else home
