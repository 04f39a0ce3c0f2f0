"""Sign-up links on the wire."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from flagkeeper.features.access.schemas import RoleOut
from flagkeeper.features.signups.model import ROLE, SignupLink
from flagkeeper.features.users.model.user import UserDraft, draft
from flagkeeper.features.users.queries import SeenUser
from flagkeeper.features.users.schemas import UserOut, shown_with_role
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail


class NewLinkBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    name: str
    expires_at: datetime
    """At most 30 days ahead; what is later is cut."""

    def millis(self) -> clock.Millis:
        return clock.of_datetime(self.expires_at)


class LinkBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What is left out stays."""

    expires_at: datetime | None = None
    enabled: bool | None = None

    def millis(self) -> clock.Millis | None:
        return None if self.expires_at is None else clock.of_datetime(self.expires_at)


class SignUpBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants to become a user."""

    email: str
    name: str
    password: str
    username: str | None = None

    def draft(self) -> UserDraft:
        """Raises `BadData`."""
        if not self.email.strip():
            raise BadData("You need an e-mail address to sign up.", Detail("It is missing.", "/body/email"))
        return draft(username=self.username, email=self.email, name=self.name, root_role=ROLE.id)


class LinkOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    """Ours: names a link where its secret cannot."""
    secret: str
    """The whole secret in the answer to making it; ever after only how it begins."""
    url: str | None
    """Only in the answer to making it."""
    name: str
    enabled: bool
    expires_at: clock.Iso
    created_at: clock.Iso
    created_by: str
    users: list[UserOut]
    """Who came by it."""
    role: RoleOut


class LinkList(msgspec.Struct, frozen=True, kw_only=True):
    tokens: list[LinkOut]


def shown(link: SignupLink, users: Sequence[SeenUser]) -> LinkOut:
    return LinkOut(
        id=link.id,
        secret=link.shown,
        url=None,
        name=link.name,
        enabled=link.enabled,
        expires_at=clock.to_iso(link.expires_at),
        created_at=clock.to_iso(link.created_at),
        created_by=link.created_by,
        users=[shown_with_role(each) for each in users],
        role=RoleOut(id=ROLE.id, name=ROLE.name, type=ROLE.type),
    )


def shown_once(link: SignupLink, secret: str, url: str) -> LinkOut:
    """A new link with its secret."""
    return msgspec.structs.replace(shown(link, []), secret=secret, url=url)
