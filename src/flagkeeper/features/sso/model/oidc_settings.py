"""What administrators set of an OpenID provider, and the rules for it. Pure."""

from typing import ClassVar

from msgspec import UNSET

from flagkeeper.features.sso.model.rules import SignInRules
from flagkeeper.kernel.errors import Detail

ALGORITHMS = ("RS256", "RS384", "RS512")
DISCOVERY = "/.well-known/openid-configuration"


class OidcSettings(SignInRules, frozen=True, kw_only=True, rename="camel"):
    LINES: ClassVar = ("discover_url", "client_id", "email_domains", "acr_values", "group_json_path")
    NEEDED: ClassVar = ("discover_url", "client_id")

    discover_url: str = ""
    """Of the provider's discovery document."""
    client_id: str = ""
    acr_values: str = ""
    id_token_signing_algorithm: str = ALGORITHMS[0]
    add_groups_scope: bool = False
    enable_pkce: bool = True

    def wrong(self) -> list[Detail]:
        found = super().wrong()
        if self.discover_url and not self.discover_url.startswith(("https://", "http://")):
            found.append(Detail("It begins with https://.", self.path("discover_url")))
        if self.id_token_signing_algorithm not in ALGORITHMS:
            found.append(Detail(f"One of {', '.join(ALGORITHMS)}.", self.path("id_token_signing_algorithm")))
        return found

    def missing(self) -> list[Detail]:
        found = super().missing()
        if self.sealed_since is UNSET:
            found.append(Detail("It is needed.", "/body/secret"))
        return found
