"""What a user is, and the rules for changing one (facts: platform-model.md, section 8)."""

import re
from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.payload import UserData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail

LONGEST_TEXT = 255
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


class User(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    username: str | None
    email: str | None
    """In lower case."""
    name: str | None
    root_role: int
    created_at: clock.Millis

    def payload(self) -> UserData:
        """How events show it."""
        return UserData(id=self.id, name=self.name, email=self.email, username=self.username, root_role=self.root_role)

    def state(self) -> "UserState":
        return UserState(user=self.payload())


class UserState(Snapshot, frozen=True, kw_only=True):
    kind: ClassVar = "user"
    user: UserData | None
    """None: it was deleted."""


class UserDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator wants a new user to be."""

    username: str | None
    email: str | None
    name: str | None
    root_role: int


class UserChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change about a user; what is left out stays."""

    email: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    root_role: int | UnsetType = UNSET


def draft(
    *, root_role: int, username: str | None = None, email: str | None = None, name: str | None = None
) -> UserDraft:
    """A draft in the form in which users are kept: trimmed, and nothing instead of empty texts.

    Raises:
        BadData: it breaks a rule.
    """
    made = UserDraft(username=_trimmed(username), email=_email(email), name=_trimmed(name), root_role=root_role)
    _check(made)
    return made


def changed(user: User, change: UserChange) -> User:
    """The user after a change.

    Raises:
        BadData: it breaks a rule.
    """
    new = msgspec.structs.replace(
        user,
        email=user.email if change.email is UNSET else _email(change.email),
        name=user.name if change.name is UNSET else _trimmed(change.name),
        root_role=user.root_role if change.root_role is UNSET else change.root_role,
    )
    _check(new)
    return new


def _check(made: User | UserDraft) -> None:
    if made.username is None and made.email is None:
        raise BadData("A user needs a username or an e-mail address.", Detail("It is missing.", "/body/username"))
    for field, text in (("username", made.username), ("email", made.email), ("name", made.name)):
        if text is not None and len(text) > LONGEST_TEXT:
            raise BadData(f"The {field} is too long.", Detail(f"At most {LONGEST_TEXT} characters.", f"/body/{field}"))
    if made.email is not None and not _EMAIL.fullmatch(made.email):
        raise BadData("That is no e-mail address.", Detail("It should look like name@example.com.", "/body/email"))


def _email(text: str | None) -> str | None:
    return (text or "").strip().lower() or None


def _trimmed(text: str | None) -> str | None:
    return (text or "").strip() or None
