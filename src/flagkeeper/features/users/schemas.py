"""Users on the wire."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.access.model import root_role_id
from flagkeeper.features.access.schemas import RoleOut
from flagkeeper.features.users.model.notes import Answered
from flagkeeper.features.users.model.session import Session
from flagkeeper.features.users.model.user import PERSON, SERVICE, Inactive, UserChange, UserDraft, draft, image_url
from flagkeeper.features.users.queries import SeenUser
from flagkeeper.http.access import grants
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.limits import AtOnce


class UserOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A person; what a person does not have is left out."""

    id: int
    account_type: Literal["User", "Service Account"] | UnsetType = "User"
    name: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    image_url: str | UnsetType = UNSET
    seen_at: clock.Iso | None = None
    login_attempts: int = 0
    created_at: clock.Iso | UnsetType = UNSET
    scim_id: str | None = None
    """What the identity provider calls them that keeps them. Null: they are kept here."""
    seat_type: None = None
    company_role: None = None
    product_updates_email_consent: None = None
    root_role: int | UnsetType = UNSET
    invite_link: str | UnsetType = UNSET
    email_sent: bool | UnsetType = UNSET
    active_sessions: int | UnsetType = UNSET
    deleted_sessions: int | UnsetType = UNSET


class UserList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    users: list[UserOut]
    root_roles: list[RoleOut]


class BaseUser(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    account_type: Literal["User"] = "User"
    name: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    email: str | UnsetType = UNSET


class InactiveUser(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    name: str | None
    username: str | None
    email: str | UnsetType = UNSET
    created_at: clock.Iso
    seen_at: clock.Iso | None
    pat_seen_at: clock.Iso | None


class InactiveUsers(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    version: int = 1
    inactive_users: list[InactiveUser]


class UserIdsBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ids: AtOnce[int]


class NewUserBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What an administrator sends to create a user."""

    root_role: int | str
    """Its id or its name."""
    username: str | None = None
    email: str | None = None
    name: str | None = None
    password: str | None = None
    """Without one, the user cannot log in until one is set."""
    send_email: bool = True

    def draft(self) -> UserDraft:
        """Raises `BadData`."""
        role = root_role_id(self.root_role)
        return draft(username=self.username, email=self.email, name=self.name, root_role=role)


class UserBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an administrator sends to change a user; what is left out stays."""

    email: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    root_role: int | str | UnsetType = UNSET

    def change(self) -> UserChange:
        """Raises `BadData`."""
        role = UNSET if self.root_role is UNSET else root_role_id(self.root_role)
        return UserChange(email=self.email, name=self.name, root_role=role)


class PasswordBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    password: str
    old_password: str | None = None
    confirm_password: str | None = None

    def chosen(self) -> str:
        """The password, if it was not typed twice, differently: then it raises `BadData`."""
        if self.confirm_password not in (None, self.password):
            raise BadData("The two passwords differ.", Detail("Type it again.", "/body/confirmPassword"))
        return self.password


class LoginBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    username: str
    """Or the e-mail address."""
    password: str


class GrantOut(msgspec.Struct, frozen=True, kw_only=True):
    permission: str
    project: str | UnsetType = UNSET
    environment: str | UnsetType = UNSET


class Myself(UserOut, frozen=True, kw_only=True):
    """A person or, with the fields below, a token that belongs to nobody (or everybody, where nobody logs in)."""

    permissions: list[str] | UnsetType = UNSET
    environment: str | UnsetType = UNSET
    projects: list[str] | UnsetType = UNSET
    type: str | UnsetType = UNSET
    internal_admin_token_user_id: int | UnsetType = UNSET


class AnsweredOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A question for feedback that somebody was asked."""

    user_id: int
    feedback_id: str
    given: clock.Iso | None
    never_show: bool


class NewAnsweredBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    feedback_id: str
    never_show: bool | None = None


class AnsweredBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is left out stays."""

    user_id: int | None = None
    """It is always about the caller, whoever this names."""
    given: datetime | None = None
    never_show: bool | None = None

    def millis(self) -> clock.Millis | None:
        return None if self.given is None else clock.of_datetime(self.given)


class SplashOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    user_id: int
    splash_id: str
    seen: bool = True


class SessionOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where somebody is logged in."""

    id: str
    created_at: clock.Iso
    expires_at: clock.Iso
    ip: str
    """Empty: it is not known."""
    user_agent: str
    """What the browser said of itself."""
    auth_type: str
    """`simple` (a password), `oidc` or `saml`."""
    current: bool
    """It is the one with which this was asked."""


class SessionList(msgspec.Struct, frozen=True, kw_only=True):
    sessions: list[SessionOut]


class Me(msgspec.Struct, frozen=True, kw_only=True):
    user: Myself
    permissions: list[GrantOut]
    feedback: list[AnsweredOut] = []
    splash: dict[str, bool] = {}


class AdminCount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    password: int
    no_password: int
    service: int = 0


def shown(seen: SeenUser) -> UserOut:
    user = seen.user
    return UserOut(
        id=user.id,
        name=user.name or UNSET,
        username=user.username or UNSET,
        email=user.email or UNSET,
        image_url=image_url(user.email or user.username or str(user.id)),
        seen_at=None if seen.seen_at is None else clock.to_iso(seen.seen_at),
        login_attempts=seen.attempts,
        created_at=clock.to_iso(user.created_at),
        account_type=SERVICE if user.is_service else PERSON,
        scim_id=seen.scim_id,
    )


def shown_with_role(seen: SeenUser) -> UserOut:
    return msgspec.structs.replace(shown(seen), root_role=seen.user.root_role)


def shown_base(seen: SeenUser) -> BaseUser:
    user = seen.user
    return BaseUser(id=user.id, name=user.name or UNSET, username=user.username or UNSET, email=user.email or UNSET)


def shown_inactive(found: Inactive) -> InactiveUser:
    user = found.user
    return InactiveUser(
        id=user.id,
        name=user.name,
        username=user.username,
        email=user.email or UNSET,
        created_at=clock.to_iso(user.created_at),
        seen_at=None if found.seen_at is None else clock.to_iso(found.seen_at),
        pat_seen_at=None if found.pat_seen_at is None else clock.to_iso(found.pat_seen_at),
    )


def shown_answered(user_id: int, kept: Answered) -> AnsweredOut:
    return AnsweredOut(
        user_id=user_id,
        feedback_id=kept.feedback_id,
        given=None if kept.given_at is None else clock.to_iso(kept.given_at),
        never_show=kept.never_show,
    )


def shown_sessions(found: list[Session], present: str) -> SessionList:
    """`present`: the id of the session with which this is asked."""
    return SessionList(
        sessions=[
            SessionOut(
                id=each.id,
                created_at=clock.to_iso(each.created_at),
                expires_at=clock.to_iso(each.expires_at),
                ip=each.ip or "",
                user_agent=each.user_agent or "",
                auth_type=each.auth_type,
                current=each.id == present,
            )
            for each in found
        ]
    )


def grants_of(caller: Caller) -> list[GrantOut]:
    """Everything that the caller may do."""
    return [
        GrantOut(permission=grant.permission, project=grant.project or UNSET, environment=grant.environment or UNSET)
        for grant in sorted(
            set(grants(caller.credential.access)),
            key=lambda grant: (grant.project or "", grant.permission, grant.environment or ""),
        )
    ]


def shown_person(seen: SeenUser) -> Myself:
    return Myself(**msgspec.structs.asdict(shown(seen)))


def shown_token(caller: Caller) -> Myself:
    credential = caller.credential
    return Myself(
        id=credential.user_id,
        account_type=UNSET,
        username=credential.name,
        permissions=[Permission.ADMIN],
        environment=credential.environment,
        projects=list(credential.projects),
        type=credential.kind,
        internal_admin_token_user_id=credential.user_id,
    )
