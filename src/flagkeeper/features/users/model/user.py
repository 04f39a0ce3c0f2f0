"""What a user is, and the rules for changing one."""

import re
from hashlib import sha256
from typing import ClassVar, Final

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.access import ServiceAccountData
from flagkeeper.eventlog.catalogue.payload import UserData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import is_system_name
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

LONGEST_TEXT = 255
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


PERSON: Final = "User"
SERVICE: Final = "Service Account"
"""Types of accounts. A service account has no password: it is for a program, which uses tokens."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    username: str | None
    email: str | None
    """In lower case."""
    name: str | None
    root_role: int
    created_at: clock.Millis
    account_type: str = PERSON

    @property
    def is_service(self) -> bool:
        return self.account_type == SERVICE

    def log_name(self) -> str:
        """What the log calls this person."""
        return self.email or self.username or str(self.id)

    def payload(self) -> UserData:
        """How events show it."""
        return UserData(id=self.id, name=self.name, email=self.email, username=self.username, root_role=self.root_role)

    def service_payload(self) -> ServiceAccountData:
        """How events show a service account."""
        return ServiceAccountData(id=self.id, name=self.name, username=self.username or "", root_role=self.root_role)

    def state(self) -> "UserState":
        return UserState(**msgspec.structs.asdict(self))


def image_url(seed: str) -> str:
    """Where the ecosystem's clients look for a picture of whoever has this address or name. Only a browser that shows
    it ever goes there."""
    return f"https://gravatar.com/avatar/{sha256(seed.encode()).hexdigest()}?s=42&d=retro&r=g"


class Inactivity(msgspec.Struct, frozen=True):
    """After what time people who were not seen count as inactive."""

    after: clock.Millis


class Inactive(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has not been seen for long."""

    user: User
    seen_at: clock.Millis | None
    """When they last logged in."""
    pat_seen_at: clock.Millis | None
    """When one of their tokens was last used."""


class Provided(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom an identity provider keeps, as it is stored; what it says of them is its own matter (`content`)."""

    user_id: int
    user_name: str
    external_id: str | None
    root_role: int
    content: str
    groups: str
    created_at: clock.Millis
    changed_at: clock.Millis


class UserDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator wants a new user to be."""

    username: str | None
    email: str | None
    name: str | None
    root_role: int
    account_type: str = PERSON


class UserChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change about a user; what is left out stays."""

    email: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    root_role: int | UnsetType = UNSET


class UserState(Snapshot, frozen=True, kw_only=True):
    """A version of a user: nothing of passwords, sessions and tokens."""

    kind: ClassVar = "user"
    schema: ClassVar = 3
    upcasters: ClassVar = {
        1: lambda state: {**state["user"], "createdAt": None} if state["user"] else None,
        2: lambda state: {**state, "accountType": PERSON},
    }
    id: int
    username: str | None
    email: str | None
    name: str | None
    root_role: int
    created_at: clock.Millis | None
    """None: it was kept by an older version of Flagkeeper, which did not say."""
    account_type: str = PERSON

    def change_to(self, other: "UserState") -> UserChange:
        """What there is to change for this state to become the other one, as far as users can be changed."""
        return UserChange(
            email=UNSET if other.email == self.email else other.email,
            name=UNSET if other.name == self.name else other.name,
            root_role=UNSET if other.root_role == self.root_role else other.root_role,
        )

    def restored(self, now: clock.Millis) -> User:
        """The user as it was; created `now` if it is not known when.

        Raises:
            BadData: it breaks a rule.
        """
        made = draft(
            username=self.username,
            email=self.email,
            name=self.name,
            root_role=self.root_role,
            account_type=self.account_type,
        )
        created_at = now if self.created_at is None else self.created_at
        return User(id=self.id, created_at=created_at, **msgspec.structs.asdict(made))


def draft(
    *,
    root_role: int,
    username: str | None = None,
    email: str | None = None,
    name: str | None = None,
    account_type: str = PERSON,
) -> UserDraft:
    """A draft in the form in which users are kept: trimmed, and nothing instead of empty texts.

    Raises:
        BadData: it breaks a rule.
    """
    made = UserDraft(
        username=_line(username, "username"),
        email=_email(email),
        name=_line(name, "name"),
        root_role=root_role,
        account_type=account_type,
    )
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
        name=user.name if change.name is UNSET else _line(change.name, "name"),
        root_role=user.root_role if change.root_role is UNSET else change.root_role,
    )
    _check(new)
    return new


def address_of(text: str) -> str | None:
    """An e-mail address in the form in which users have it; None for an empty text.

    Raises:
        BadData: it is none.
    """
    address = _email(text)
    _check_address(address)
    return address


def _check(made: User | UserDraft) -> None:
    if made.username is None and made.email is None:
        raise BadData("A user needs a username or an e-mail address.", Detail("It is missing.", "/body/username"))
    for field, text in (("username", made.username), ("email", made.email), ("name", made.name)):
        if text is not None and len(text) > LONGEST_TEXT:
            raise BadData(f"The {field} is too long.", Detail(f"At most {LONGEST_TEXT} characters.", f"/body/{field}"))
    if is_system_name(made.username):
        raise BadData(
            "This username belongs to the system.", Detail(f"{made.username!r} is reserved.", "/body/username")
        )
    _check_address(made.email)


def _check_address(email: str | None) -> None:
    if email is not None and (len(email) > LONGEST_TEXT or not _EMAIL.fullmatch(email)):
        raise BadData("That is no e-mail address.", Detail("It should look like name@example.com.", "/body/email"))


def _email(text: str | None) -> str | None:
    return (_line(text, "email") or "").lower() or None


def _line(text: str | None, field: str) -> str | None:
    kept = (text or "").strip()
    check_line(kept, f"/body/{field}")
    return kept or None
