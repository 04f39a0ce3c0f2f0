"""Links and mails on the wire."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.access.model import Role
from flagkeeper.features.access.schemas import RoleOut
from flagkeeper.features.access.schemas import shown as shown_role
from flagkeeper.features.invitations.model import Mail
from flagkeeper.features.users.model.user import User, address_of
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail


class UserNameBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    """A username, an e-mail address, or the id of a user."""


class EmailBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: str

    def address(self) -> str:
        """Raises `BadData`."""
        found = address_of(self.email)
        if found is None:
            raise BadData("Name an e-mail address.", Detail("It is missing.", "/body/email"))
        return found


class NewPasswordBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: str
    password: str


class ResetLink(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    reset_password_url: Annotated[str, msgspec.Meta(extra_json_schema={"format": "uri"})]
    """Whoever has it can choose the user's password, once, for a day."""


class LinkOwner(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who may choose a password with a link."""

    id: int
    name: str | UnsetType = UNSET
    email: str
    token: str
    created_by: str | None
    role: RoleOut


class MailOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    recipient: str
    kind: str
    """`invitation`, `reset` or `access`."""
    created_at: clock.Iso
    attempts: int
    next_attempt_at: clock.Iso | None
    """Null: it was given up."""
    error: str | None


class MailList(msgspec.Struct, frozen=True, kw_only=True):
    mails: list[MailOut]


def shown_owner(user: User, role: Role, token: str, created_by: str | None) -> LinkOwner:
    return LinkOwner(
        id=user.id,
        name=user.name or UNSET,
        email=user.email or "",
        token=token,
        created_by=created_by,
        role=shown_role(role),
    )


def shown_mail(mail: Mail) -> MailOut:
    return MailOut(
        recipient=mail.recipient,
        kind=mail.kind,
        created_at=clock.to_iso(mail.created_at),
        attempts=mail.attempts,
        next_attempt_at=None if mail.next_at is None else clock.to_iso(mail.next_at),
        error=mail.error,
    )
