"""The rules for holds and pseudonyms. Pure."""

import msgspec

from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.ids import new_secret
from flagkeeper.kernel.text import check_line

LONGEST_REASON = 1_000
SHORTEST_NAME = 2
"""Characters. One letter stands as a word in too many texts."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whose names are to be replaced: somebody who was a user, or an actor who never had an id."""

    user_id: int | None = None
    name: str | None = None


def check_reason(reason: str) -> str:
    """Raises `BadData`."""
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise BadData(
            "A legal hold needs a reason.", Detail(f"1 to {LONGEST_REASON} characters are allowed.", "/body/reason")
        )
    check_line(reason, "/body/reason")
    return reason


def check_person(person: Person) -> None:
    """Raises `BadData`."""
    if (person.user_id is None) == (person.name is None):
        raise BadData("Say who it is: either userId, or the name of an actor that never was a user.")
    if person.name is not None and len(person.name.strip()) < SHORTEST_NAME:
        raise BadData("The name is too short.", Detail(f"At least {SHORTEST_NAME} characters.", "/body/name"))
    if person.name == SYSTEM.name:
        raise BadData(f"{SYSTEM.name} is no person.")


def pseudonym_of(person: Person) -> str:
    """Of somebody with an id always the same one. A name has none that would not give the name away."""
    return f"former-user-{person.user_id}" if person.user_id is not None else f"former-actor-{new_secret(4)}"
