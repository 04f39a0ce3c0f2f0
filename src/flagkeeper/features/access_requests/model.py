"""What a request for access is. Pure (docs/adr/0572-who-asks-for-access.md)."""

from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.access import AccessRequestData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.features.logins.model import AuthType
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.ids import new_ulid

MOST_OPEN = 500
"""Requests that nobody has decided on. Whoever can sign in at the provider can make one, so there is an end to them."""


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has shown an identity provider who they are."""

    email: str
    """In lower case; the provider vouches for it."""
    name: str | None
    auth_type: AuthType
    issuer: str
    subject: str
    """What the provider calls them, for ever."""


class AccessRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One that is open: what has been decided is in the log only."""

    id: str
    asker: Asker
    created_at: Millis

    def payload(self) -> AccessRequestData:
        """How events show it."""
        return AccessRequestData(id=self.id, email=self.asker.email)

    def state(self) -> "AccessRequestState":
        asker = self.asker
        return AccessRequestState(
            id=self.id, email=asker.email, name=asker.name, auth_type=asker.auth_type, created_at=self.created_at
        )


class AccessRequestState(Snapshot, frozen=True, kw_only=True):
    """A version of a request: nothing of what the provider calls somebody, for no request ever comes back."""

    kind: ClassVar = "user-access-request"
    schema: ClassVar = 1
    id: str
    email: str
    name: str | None
    auth_type: AuthType
    created_at: Millis


def new_request(asker: Asker, now: Millis) -> AccessRequest:
    return AccessRequest(id=new_ulid(), asker=asker, created_at=now)
