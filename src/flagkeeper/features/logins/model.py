"""What is kept of a login. Pure (docs/adr/0510-signing-in-is-kept-and-can-be-ended.md)."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from flagkeeper.kernel import clock
from flagkeeper.kernel.csv_text import csv_text

KEPT = 14 * clock.DAY
"""How long a login is kept, as in Unleash."""
MOST_KEPT = 20_000
"""Logins that were let in, and as many that were not: whoever tries many passwords pushes out no login."""
LONGEST_TEXT = 300
COLUMNS = ("id", "username", "auth_type", "created_at", "successful", "ip", "failure_reason")


class AuthType(StrEnum):
    """How somebody showed who they are; the names are Unleash's."""

    PASSWORD = "simple"  # noqa: S105 - the name of a way, no secret
    OIDC = "oidc"
    SAML = "saml"


class Refusal(StrEnum):
    """Why somebody was not let in."""

    NOBODY = "There is no such user."
    WRONG_PASSWORD = "The password was wrong."  # noqa: S105 - says so, and is none
    NO_PASSWORDS = "Logging in with a password is switched off."


class Visit(msgspec.Struct, frozen=True):
    """From where, with what and how somebody logs in."""

    ip: str = ""
    """Empty: it is not known."""
    user_agent: str = ""
    auth_type: AuthType = AuthType.PASSWORD


class LoginRecord(msgspec.Struct, frozen=True):
    """One attempt to log in."""

    id: int
    username: str | None
    """As the log calls the user. None: nobody has the name that was given, which may be a password in the wrong
    field, so it is not kept."""
    auth_type: str
    created_at: clock.Millis
    successful: bool
    ip: str
    failure_reason: str | None


def as_csv(found: Iterable[LoginRecord]) -> str:
    """A line of names, and one for each record."""
    return csv_text(COLUMNS, (_cells(each) for each in found))


def _cells(record: LoginRecord) -> tuple[object, ...]:
    at, successful = clock.to_iso(record.created_at), str(record.successful).lower()
    return record.id, record.username, record.auth_type, at, successful, record.ip, record.failure_reason
