"""What single sign-on is set to, on the wire."""

from typing import Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.access.model import root_role
from flagkeeper.features.sso.model.oidc_settings import OidcSettings
from flagkeeper.features.sso.model.rules import RootRoleName, SignInRules
from flagkeeper.features.sso.model.saml_settings import SamlSettings

MASK = "*****"
"""In place of a secret that is kept; who sends it back keeps it."""

Algorithm = Literal["RS256", "RS384", "RS512"]


T = TypeVar("T", bound=SignInRules)


class RulesBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Of any provider. What is left out stays."""

    enabled: bool | UnsetType = UNSET
    auto_create: bool | UnsetType = UNSET
    default_root_role: RootRoleName | UnsetType = UNSET
    default_root_role_id: int | UnsetType = UNSET
    email_domains: str | UnsetType = UNSET
    enable_group_syncing: bool | UnsetType = UNSET
    group_json_path: str | UnsetType = UNSET

    def wanted(self, old: T) -> T:
        given = {name: getattr(self, name, UNSET) for name in old.__struct_fields__}
        if self.default_root_role is not UNSET and self.default_root_role_id is UNSET:
            given["default_root_role_id"] = root_role(self.default_root_role).id
        return msgspec.structs.replace(old, **{name: value for name, value in given.items() if value is not UNSET})


class OidcBody(RulesBody, frozen=True, kw_only=True, rename="camel"):
    """What is left out stays."""

    discover_url: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    enable_single_sign_out: Literal[False] | UnsetType = UNSET
    """Logging out here ends no session at the provider."""
    acr_values: str | UnsetType = UNSET
    id_token_signing_algorithm: Algorithm | UnsetType = UNSET
    add_groups_scope: bool | UnsetType = UNSET
    enable_pkce: bool | UnsetType = UNSET

    def new_secret(self) -> str | None:
        return None if self.secret in (UNSET, MASK) else self.secret


class SamlBody(RulesBody, frozen=True, kw_only=True, rename="camel"):
    """What is left out stays."""

    entity_id: str | UnsetType = UNSET
    """What the provider calls itself."""
    sign_on_url: str | UnsetType = UNSET
    certificate: str | UnsetType = UNSET
    """The provider's, as PEM, or the base64 of its metadata; several PEM blocks while it exchanges its key."""
    sign_out_url: str | UnsetType = UNSET
    """Where browsers go after logging out here."""
    sp_certificate: str | UnsetType = UNSET
    """A private key of our own as PEM, with its certificate below: requests are signed with it."""

    def new_key(self) -> str | None:
        return None if self.sp_certificate in (UNSET, MASK) else self.sp_certificate


class RulesOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    enabled: bool
    auto_create: bool
    default_root_role: RootRoleName | UnsetType
    default_root_role_id: int
    email_domains: str
    enable_group_syncing: bool
    group_json_path: str


class OidcOut(RulesOut, frozen=True, kw_only=True, rename="camel"):
    discover_url: str
    client_id: str
    secret: str
    """Masked; empty: there is none."""
    enable_single_sign_out: bool = False
    acr_values: str
    id_token_signing_algorithm: Algorithm
    add_groups_scope: bool
    enable_pkce: bool


class SamlOut(RulesOut, frozen=True, kw_only=True, rename="camel"):
    entity_id: str
    sign_on_url: str
    certificate: str
    sign_out_url: str
    sp_certificate: str
    """Masked; empty: there is none."""


class WayIn(msgspec.Struct, frozen=True, kw_only=True):
    """A way to log in beside a password."""

    type: Literal["oidc", "saml"]
    message: str
    path: str
    """Where browsers go, below the server's own path."""


class WaysIn(msgspec.Struct, frozen=True, kw_only=True):
    password: bool
    options: list[WayIn]


OIDC_WAY = WayIn(type="oidc", message="Sign in with OpenID Connect", path="/auth/oidc/login")
SAML_WAY = WayIn(type="saml", message="Sign in with SAML 2.0", path="/auth/saml/login")


def shown_oidc(settings: OidcSettings) -> OidcOut:
    return OidcOut(**_shown(settings), secret=_mask(settings))


def shown_saml(settings: SamlSettings) -> SamlOut:
    return SamlOut(**_shown(settings), sp_certificate=_mask(settings))


def _shown(settings: SignInRules) -> dict[str, Any]:
    known = msgspec.structs.asdict(settings)
    del known["sealed_since"]
    return {**known, "default_root_role": settings.role_name()}


def _mask(settings: SignInRules) -> str:
    return "" if settings.sealed_since is UNSET else MASK
