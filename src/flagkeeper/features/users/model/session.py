"""Sessions of people who logged in."""

import secrets
from hashlib import sha256

import msgspec

from flagkeeper.kernel import clock

LIFETIME = 48 * clock.HOUR
MOST_SESSIONS = 5
"""Of one user at a time; a new one takes the place of the oldest."""


class SessionRules(msgspec.Struct, frozen=True):
    """How long sessions last, and how many one user may have."""

    lifetime: clock.Millis = LIFETIME
    most: int = MOST_SESSIONS


USUAL = SessionRules()


class Session(msgspec.Struct, frozen=True):
    """Somebody who is logged in somewhere."""

    id: str
    """The hash of what the cookie has: it opens nothing."""
    created_at: clock.Millis
    expires_at: clock.Millis
    ip: str | None
    user_agent: str | None
    auth_type: str


NETWORK_KNOWN = 90 * clock.DAY
"""How long somebody is known to log in from a network."""
MOST_NETWORKS = 20
"""Of one user."""
LONGEST_AGENT = 300
"""Characters that are kept of what a browser says of itself."""


def new_session() -> str:
    """A fresh session's id: 256 random bits. Only the cookie has it."""
    return secrets.token_urlsafe(32)


def hash_of(session: str) -> str:
    """What the database keeps of a session's id: its SHA-256, in hex."""
    return sha256(session.encode("utf-8", "replace")).hexdigest()
