"""What single sign-on is set to, on the wire."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.access.model import root_role
from flagkeeper.features.sso.model.oidc_settings import OidcSettings, RootRoleName

MASK = "*****"
"""In place of a secret that is kept; who sends it back keeps it."""

Algorithm = Literal["RS256", "RS384", "RS512"]


class OidcBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is left out stays."""

    enabled: bool | UnsetType = UNSET
    discover_url: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    auto_create: bool | UnsetType = UNSET
    enable_single_sign_out: Literal[False] | UnsetType = UNSET
    """Logging out here ends no session at the provider."""
    default_root_role: RootRoleName | UnsetType = UNSET
    default_root_role_id: int | UnsetType = UNSET
    email_domains: str | UnsetType = UNSET
    acr_values: str | UnsetType = UNSET
    id_token_signing_algorithm: Algorithm | UnsetType = UNSET
    enable_group_syncing: bool | UnsetType = UNSET
    group_json_path: str | UnsetType = UNSET
    add_groups_scope: bool | UnsetType = UNSET
    enable_pkce: bool | UnsetType = UNSET

    def wanted(self, old: OidcSettings) -> OidcSettings:
        given = {name: getattr(self, name, UNSET) for name in OidcSettings.__struct_fields__}
        if self.default_root_role is not UNSET and self.default_root_role_id is UNSET:
            given["default_root_role_id"] = root_role(self.default_root_role).id
        return msgspec.structs.replace(old, **{name: value for name, value in given.items() if value is not UNSET})

    def new_secret(self) -> str | None:
        return None if self.secret in (UNSET, MASK) else self.secret


class OidcOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    enabled: bool
    discover_url: str
    client_id: str
    secret: str
    """Masked; empty: there is none."""
    auto_create: bool
    enable_single_sign_out: bool = False
    default_root_role: RootRoleName | UnsetType
    default_root_role_id: int
    email_domains: str
    acr_values: str
    id_token_signing_algorithm: Algorithm
    enable_group_syncing: bool
    group_json_path: str
    add_groups_scope: bool
    enable_pkce: bool


class WayIn(msgspec.Struct, frozen=True, kw_only=True):
    """A way to log in beside a password."""

    type: Literal["oidc"]
    message: str
    path: str
    """Where browsers go, below the server's own path."""


class WaysIn(msgspec.Struct, frozen=True, kw_only=True):
    password: bool
    options: list[WayIn]


OIDC_WAY = WayIn(type="oidc", message="Sign in with OpenID Connect", path="/auth/oidc/login")


def shown_oidc(settings: OidcSettings) -> OidcOut:
    known = msgspec.structs.asdict(settings)
    secret = "" if known.pop("sealed_since") is UNSET else MASK
    return OidcOut(**known, secret=secret, default_root_role=settings.role_name())
