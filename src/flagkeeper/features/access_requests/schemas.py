"""Requests for access on the wire. Unleash publishes no shapes of theirs: these are ours."""

import msgspec

from flagkeeper.features.access.model import VIEWER, root_role_id
from flagkeeper.features.access_requests.model import AccessRequest
from flagkeeper.kernel import clock


class AdmissionBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What somebody is let in as."""

    root_role: int | str = VIEWER.id
    """Its id or its name; a viewer unless another one is named."""

    def role_id(self) -> int:
        """Raises `BadData`."""
        return root_role_id(self.root_role)


class AccessRequestOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    email: str
    """The identity provider vouches for it."""
    name: str | None
    """As the provider calls them, if it does."""
    auth_type: str
    """By what they showed who they are: `oidc` or `saml`."""
    created_at: clock.Iso


class AccessRequestList(msgspec.Struct, frozen=True, kw_only=True):
    requests: list[AccessRequestOut]
    """The longest waiting first."""


class ApprovedOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    user_id: int
    """Of the account that was made."""


def shown(found: AccessRequest) -> AccessRequestOut:
    asker = found.asker
    return AccessRequestOut(
        id=found.id,
        email=asker.email,
        name=asker.name,
        auth_type=asker.auth_type,
        created_at=clock.to_iso(found.created_at),
    )
