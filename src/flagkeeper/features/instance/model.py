"""Which settings there are, and the rules for them. Pure."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import msgspec

from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.limits import Limits
from flagkeeper.kernel.origins import LONGEST_ORIGIN, as_browsers_say

MAINTENANCE = "maintenance.mode"
FRONTEND = "unleash.frontend"
PASSWORDS = "unleash.auth.simple"
OIDC = "unleash.enterprise.auth.oidc"
SAML = "unleash.enterprise.auth.saml"
SCIM = "scim"
"""Names that Unleash's events have."""
MOST_ORIGINS = 500


class ServerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say that interfaces may know."""

    base_url: str
    auth_type: Literal["open-source", "none"]
    sends_mails: bool
    limits: Limits


def secret_location(setting: str) -> str:
    """Where the secret of a setting is kept; it opens only there."""
    return f"setting/{setting}/secret"


class SettingState(Snapshot, frozen=True, kw_only=True):
    """A version of a setting."""

    kind: ClassVar = "setting"
    schema: ClassVar = 1
    details: SettingDetails


def checked_origins(origins: Sequence[str]) -> list[str]:
    """Where browsers may ask the frontend API from: `*`, or origins as browsers send them.

    Raises:
        BadData: one is no origin.
    """
    if len(origins) > MOST_ORIGINS:
        raise BadData("These are too many origins.", Detail(f"At most {MOST_ORIGINS}.", "/body/frontendApiOrigins"))
    return list(dict.fromkeys(_origin(each) for each in origins))


def _origin(given: str) -> str:
    try:
        return as_browsers_say(given)
    except BadData as error:
        detail = Detail(f"Invalid origin: {given[:LONGEST_ORIGIN]}", "/body/frontendApiOrigins")
        raise BadData(error.message, detail) from error
