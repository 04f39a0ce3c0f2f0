"""Whom an identity provider means: from its claims to somebody who may be a user. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

LONGEST = 255
MOST_GROUPS = 1000


class NotLetIn(Exception):
    """Somebody whom the provider knows, and who may not in. The message is for them, and for the history of logins."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of somebody who has shown it who they are."""

    issuer: str
    subject: str
    """What the provider calls them, for ever."""
    email: str | None
    """In lower case. None: it says none, or that it has not been verified."""
    username: str | None
    name: str | None
    groups: tuple[str, ...]

    @property
    def called(self) -> str:
        return self.email or self.username or self.subject


def person_of(issuer: str, claims: Mapping[str, Any], group_path: str = "") -> Person:
    """The person of an ID token, whose `sub` has been checked."""
    email = _text(claims.get("email"))
    verified = claims.get("email_verified") not in (False, "false")
    return Person(
        issuer=issuer,
        subject=str(claims["sub"]),
        email=email.lower() if email and verified else None,
        username=_text(claims.get("preferred_username")),
        name=_text(claims.get("name")),
        groups=groups_at(claims, group_path),
    )


def groups_at(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """The names at a path of claims, such as `groups` or `$.resource_access.app.roles`: a list of texts, a list of
    objects with a `name`, or one text. Nothing: none."""
    found: Any = claims
    for step in path.removeprefix("$").strip(".").split(".") if path else ():
        found = found.get(step) if isinstance(found, Mapping) else None
    if found is claims:
        return ()
    listed = found if isinstance(found, list) else [found]
    names = (each.get("name") if isinstance(each, Mapping) else each for each in listed[:MOST_GROUPS])
    return tuple(dict.fromkeys(each for each in names if isinstance(each, str) and each))


def demand_domain(person: Person, domains: frozenset[str]) -> None:
    """Raises `NotLetIn` when only people with addresses of some domains are let in, and this is none of them."""
    if domains and (person.email is None or person.email.rpartition("@")[2] not in domains):
        raise NotLetIn(person.called, "Only people with an e-mail address of certain domains are let in.")


def _text(value: object) -> str | None:
    return value.strip()[:LONGEST] or None if isinstance(value, str) else None
