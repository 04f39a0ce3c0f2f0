"""What a sign-up link is, and the rules for one. Pure."""

import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.token import InviteLinkData, InviteLinkRole
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.features.access.model import VIEWER
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

LONGEST_NAME = 255
LONGEST_LIFE = 30 * clock.DAY
"""An expiry that is further away is cut to this, as Unleash does."""
ROLE = VIEWER
"""What everybody becomes who signs up."""
_SHOWN = 6
"""Characters of a secret that lists show: too few to guess the other 26."""


class SignupLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link; only those to whom it was given have its secret."""

    id: int
    name: str
    shown: str
    """What lists show in the place of the secret."""
    enabled: bool
    created_by: str
    created_at: clock.Millis
    expires_at: clock.Millis

    def works(self, now: clock.Millis) -> bool:
        return self.enabled and now < self.expires_at

    def payload(self, users: Sequence[int]) -> InviteLinkData:
        """How events show it, with those who came by it."""
        return InviteLinkData(
            id=self.id,
            name=self.name,
            enabled=self.enabled,
            expires_at=clock.to_iso(self.expires_at),
            created_at=clock.to_iso(self.created_at),
            created_by=self.created_by,
            users=list(users),
            role=InviteLinkRole(id=ROLE.id, name=ROLE.name, type=ROLE.type),
        )

    def state(self) -> "InviteLinkState":
        return InviteLinkState(
            name=self.name, enabled=self.enabled, created_at=self.created_at, expires_at=self.expires_at
        )


class InviteLinkState(Snapshot, frozen=True, kw_only=True):
    """A version of a sign-up link: nothing of its secret, nor of who came by it."""

    kind: ClassVar = "invite-link"
    schema: ClassVar = 1
    name: str
    enabled: bool
    created_at: clock.Millis
    expires_at: clock.Millis


def check_name(name: str) -> None:
    """Raises `BadData`."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise BadData("A link needs a name.", Detail(f"1 to {LONGEST_NAME} characters are allowed.", "/body/name"))
    check_line(name, "/body/name")


def expiry(wanted: clock.Millis, now: clock.Millis) -> clock.Millis:
    """When a link expires that is wanted to expire then.

    Raises:
        BadData: it would have expired already.
    """
    if wanted <= now:
        raise BadData("The link would have expired already.", Detail("Choose a time to come.", "/body/expiresAt"))
    return min(wanted, now + LONGEST_LIFE)


def new_secret() -> str:
    return secrets.token_hex(16)


def hash_of(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def shown(secret: str) -> str:
    """A secret as lists show it."""
    return f"{secret[:_SHOWN]}***"


def address(base_url: str, secret: str) -> str:
    """Where a link leads."""
    return f"{base_url}/new-user?invite={secret}"
