"""Reading what single sign-on is set to."""

import msgspec

from flagkeeper.features.instance.model import OIDC, secret_location
from flagkeeper.features.instance.queries import secret_of, settings_of
from flagkeeper.features.sso.model.oidc_settings import OidcSettings
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
