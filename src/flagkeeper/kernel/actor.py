"""Who acts. Every unit of work has exactly one actor; there is no default one (facts: events.md, section 3)."""

import msgspec

SYSTEM_USER_ID = -1337
ADMIN_TOKEN_USER_ID = -42
NO_LOGIN_USER_ID = -1


class Actor(msgspec.Struct, frozen=True):
    """The identity written into an event: `createdBy`, `createdByUserId` and `ip`."""

    name: str
    user_id: int
    ip: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("an actor needs a name: an event without an author is not an audit record")


SYSTEM = Actor("unleash_system_user", SYSTEM_USER_ID)
"""Acts when no person does: the scheduler, seeding, quarantine. The name is what existing tools expect."""
