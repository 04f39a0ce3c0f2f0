"""Reading what single sign-on is set to."""

import msgspec

from flagkeeper.features.instance.model import OIDC, SAML, secret_location
from flagkeeper.features.instance.queries import secret_of, settings_of
from flagkeeper.features.sso.model.oidc_settings import OidcSettings
from flagkeeper.features.sso.model.saml_settings import SamlSettings
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.storage.transaction import Transaction


class OidcClient(msgspec.Struct, frozen=True):
    """Who we are for the provider."""

    settings: OidcSettings
    secret: str
    """In clear: it goes to the provider, and nowhere else."""


def oidc_settings(tx: Transaction) -> OidcSettings:
    return OidcSettings.of(settings_of(tx, [OIDC]).get(OIDC))


def oidc_client(tx: Transaction, keyring: Keyring) -> OidcClient:
    """Raises `Unreadable`: the key that sealed the secret is lost."""
    sealed = secret_of(tx, OIDC)
    return OidcClient(oidc_settings(tx), keyring.open(sealed, secret_location(OIDC)) if sealed else "")


class SamlParty(msgspec.Struct, frozen=True):
    """The same for a SAML provider."""

    settings: SamlSettings
    own_key: str
    """In clear, PEM: it signs, and goes nowhere. Empty: there is none."""


def saml_settings(tx: Transaction) -> SamlSettings:
    return SamlSettings.of(settings_of(tx, [SAML]).get(SAML))


def saml_party(tx: Transaction, keyring: Keyring) -> SamlParty:
    """Raises `Unreadable`: the key that sealed ours is lost."""
    sealed = secret_of(tx, SAML)
    return SamlParty(saml_settings(tx), keyring.open(sealed, secret_location(SAML)) if sealed else "")
