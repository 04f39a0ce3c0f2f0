"""Who acts. Every unit of work has exactly one actor; there is no default one."""

from enum import StrEnum

import msgspec

SYSTEM_USER_ID = -1337
ADMIN_TOKEN_USER_ID = -42
OPERATOR_USER_ID = -2
"""Somebody who works at the server's terminal, by whatever name."""
NO_LOGIN_USER_ID = -1
SYSTEM_NAME = "unleash_system_user"
"""What existing tools expect."""


class ActorKind(StrEnum):
    """What sort of actor it is, as events say it and as the query language asks for it (`actor:pat`)."""

    USER = "user"
    """A person who is logged in."""
    PAT = "pat"
    """A person's script, with a personal access token."""
    TOKEN = "token"  # noqa: S105 - no secret
    """An admin API token, which belongs to nobody."""
    SDK = "sdk"
    """An application, with a token for SDKs."""
    OPERATOR = "operator"
    """Somebody at the server's terminal."""
    SYSTEM = "system"
    NONE = "none"
    """Anybody, where nobody logs in."""


class Actor(msgspec.Struct, frozen=True):
    """The identity written into an event: `createdBy`, `createdByUserId`, `ip`, `actorKind` and `credentialId`."""

    name: str
    user_id: int
    ip: str = ""
    kind: ActorKind | None = None
    """None: it was noted by a release that did not know kinds. No event says one then."""
    credential_id: str | None = None
    """The id of the token that was used: never the token, nor its hash. None for sessions and all without a token."""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("an actor needs a name: an event without an author is not an audit record")
        if self.user_id == SYSTEM_USER_ID and self.name != SYSTEM_NAME:
            raise ValueError(f"{self.name} is not the system, whose id it has")


def is_system_name(name: str | None) -> bool:
    """Whether people would take this name for the system's. Nobody else may have it."""
    return name is not None and name.strip().casefold() == SYSTEM_NAME


SYSTEM = Actor(SYSTEM_NAME, SYSTEM_USER_ID, kind=ActorKind.SYSTEM)
"""Acts when no person does: the scheduler, seeding, quarantine, what SDKs report."""
