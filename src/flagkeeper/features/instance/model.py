"""Which settings there are, and the rules for them. Pure."""

import re
from collections.abc import Sequence
from typing import ClassVar, Literal

import msgspec

from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.limits import Limits

MAINTENANCE = "maintenance.mode"
FRONTEND = "unleash.frontend"
PASSWORDS = "unleash.auth.simple"
OIDC = "unleash.enterprise.auth.oidc"
SAML = "unleash.enterprise.auth.saml"
SCIM = "scim"
"""Names that Unleash's events have."""
ANY_ORIGIN = "*"
MOST_ORIGINS = 500
LONGEST_ORIGIN = 300
_ORIGIN = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|[^\s/?#@:\[\]*]+)(:[0-9]{1,5})?")


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
    for each in origins:
        if each != ANY_ORIGIN and (len(each) > LONGEST_ORIGIN or not _ORIGIN.fullmatch(each)):
            raise BadData(
                "An origin is a scheme, a host and perhaps a port: https://shop.example.com. `*` stands for all.",
                Detail(f"Invalid origin: {each[:LONGEST_ORIGIN]}", "/body/frontendApiOrigins"),
            )
    return list(dict.fromkeys(origins))
