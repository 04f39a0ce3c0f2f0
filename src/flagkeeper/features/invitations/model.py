"""Links to choose a password, and mails. Pure."""

import secrets
from enum import StrEnum
from hashlib import sha256

import msgspec

from flagkeeper.features.users.model.user import User
from flagkeeper.kernel import clock

LIFETIME = clock.DAY
"""Of a link."""
LEAST_BETWEEN = 5 * clock.MINUTE
"""Between two mails that somebody who is not logged in may have sent to a person."""
CLAIM = clock.MINUTE
"""How long a mail is left to the server that sends it."""
PAUSES = (clock.MINUTE, 5 * clock.MINUTE, 30 * clock.MINUTE, 2 * clock.HOUR, 6 * clock.HOUR)
"""Between attempts to send a mail; after the last one it is given up."""
KEPT = 30 * clock.DAY
"""How long mails that could not be sent are shown."""
LONGEST_ERROR = 300


class Kind(StrEnum):
    """Why somebody gets a mail: to choose a password with its link, or to know that they can log in."""

    INVITATION = "invitation"
    RESET = "reset"
    ACCESS = "access"
    """They asked for access and have it. They log in at a provider, so they need no password."""

    @property
    def has_link(self) -> bool:
        """Whether its mail carries a link to choose a password."""
        return self in _PAGES


_PAGES = {Kind.INVITATION: "new-user", Kind.RESET: "reset-password"}


class Link(msgspec.Struct, frozen=True):
    """A link that can be used now, by whoever has it."""

    user_id: int
    kind: Kind
    created_by: int | None
    """Who asked for it, by their id; None: somebody who was not logged in."""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that is to be sent, or could not be."""

    recipient: str
    kind: Kind
    created_by: int | None
    created_at: clock.Millis
    attempts: int
    next_at: clock.Millis | None
    error: str | None
    """Why the last attempt failed."""


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends this server's mails."""

    url: str
    """`smtp://host:port` or `smtps://host:port`."""
    username: str
    password: str
    sender: str
    """The address that mails come from."""
    base_url: str
    """Where links begin."""


class Letter(msgspec.Struct, frozen=True):
    """What a mail says, to whom."""

    recipient: str
    subject: str
    text: str


def new_token() -> str:
    """What a link is made of: 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """What the database keeps of it: its SHA-256, in hex."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def address(base_url: str, kind: Kind, token: str) -> str:
    """Where a link leads."""
    return f"{base_url}/{_PAGES[kind]}?token={token}"


def letter(base_url: str, kind: Kind, token: str, user: User, recipient: str) -> Letter:
    hours = LIFETIME // clock.HOUR
    hello = f"Hello {user.name or user.username or recipient},"
    if kind is Kind.ACCESS:
        why = f"you asked for access to {base_url}, and you have it. Log in as you did when you asked:"
        return Letter(recipient, "You have access to Flagkeeper", f"{hello}\n\n{why}\n\n{base_url}/login\n")
    link = address(base_url, kind, token)
    if kind is Kind.INVITATION:
        subject = "You are invited to Flagkeeper"
        why = f"you have been given an account on {base_url}. Choose a password here:"
        end = f"The link works for {hours} hours."
    else:
        subject = "Choose a new password for Flagkeeper"
        why = f"somebody asked to choose a new password for your account on {base_url}. Do so here:"
        end = f"The link works for {hours} hours. If it was not you who asked, you need not do anything."
    return Letter(recipient, subject, f"{hello}\n\n{why}\n\n{link}\n\n{end}\n")


def next_attempt(attempts: int, now: clock.Millis) -> clock.Millis | None:
    """When a mail is tried again that failed so often. None: it is given up."""
    return now + PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
