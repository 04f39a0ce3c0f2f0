"""Whom an identity provider means: from its claims to somebody who may be a user. Pure."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from flagkeeper.features.sso.model.saml_answer import Assertion

LONGEST = 255
MOST_GROUPS = 1000
_SAML = "saml:"
"""Before the name of a SAML provider. One program may be a provider of both kinds by one name, and mean different
people by one subject."""
_EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_EMAIL = ("email", "mail", "emailaddress", f"{_CLAIMS}emailaddress", "urn:oid:0.9.2342.19200300.100.1.3")
_USERNAME = ("username", "uid", f"{_CLAIMS}name", "urn:oid:0.9.2342.19200300.100.1.1")
_NAME = (
    *("displayname", "name", "cn", "http://schemas.microsoft.com/identity/claims/displayname"),
    *("urn:oid:2.16.840.1.113730.3.1.241", "urn:oid:2.5.4.3"),
)
_FIRST_NAME = ("firstname", "givenname", f"{_CLAIMS}givenname", "urn:oid:2.5.4.42")
_LAST_NAME = ("lastname", "surname", "sn", f"{_CLAIMS}surname", "urn:oid:2.5.4.4")
"""Names of attributes, in lower case, as providers give them: Entra ID, Okta, Keycloak, and the X.500 profile."""
_GROUPS_ELSEWHERE = "http://schemas.microsoft.com/claims/groups.link"
"""Where Entra ID says groups above 150: there is an address in place of their names."""
_STEP = re.compile(r"""\['(?P<quoted>[^']+)'\]|(?P<plain>[^.\[\]'"*]+)""")
"""A step of a path; `[*]` is none, for lists are always looked through."""


class NotLetIn(Exception):
    """Somebody whom the provider knows, and who may not in. The message is for them, and for the history of logins.

    `may_ask`: they have no account, and an administrator could give them one.
    """

    def __init__(self, name: str, message: str, *, may_ask: bool = False) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.may_ask = may_ask


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of somebody who has shown it who they are."""

    issuer: str
    subject: str
    """What the provider calls them, for ever."""
    email: str | None
    """In lower case. None: it says none, or that it has not been verified."""
    username: str | None
    name: str | None
    groups: tuple[str, ...] | None
    """None: the provider does not say. It sends people of very many groups a reference in place of their names."""

    @property
    def called(self) -> str:
        return self.email or self.username or self.subject


class Linked(msgspec.Struct, frozen=True):
    """Which user somebody is whom a provider knows."""

    user_id: int
    admitted: bool = False
    """An administrator let them in, whatever their domain."""


class Answered(msgspec.Struct, frozen=True):
    """Whom a provider means, and which request it answers."""

    request_id: str
    person: Person


def person_of(issuer: str, claims: Mapping[str, Any], group_path: str = "") -> Person:
    """The person of an ID token, whose `sub` has been checked."""
    email = _text(claims.get("email"))
    verified = str(claims.get("email_verified")).lower() not in ("false", "0")
    return Person(
        issuer=issuer,
        subject=str(claims["sub"]),
        email=email.lower() if email and verified else None,
        username=_text(claims.get("preferred_username")),
        name=_text(claims.get("name")),
        groups=groups_at(claims, group_path),
    )


def person_of_assertion(entity_id: str, assertion: Assertion, group_attribute: str = "") -> Person:
    """The person whom a SAML provider means. Only what it calls an address is one: a NameID without that format may be
    a name that people choose themselves."""
    given = {name.lower(): values for name, values in assertion.attributes.items()}
    email = _first(given, _EMAIL) or (assertion.subject if assertion.format == _EMAIL_FORMAT else None)
    names = (_first(given, _FIRST_NAME), _first(given, _LAST_NAME))
    return Person(
        issuer=f"{_SAML}{entity_id}",
        subject=assertion.subject,
        email=_text(email.lower()) if email else None,
        username=_first(given, _USERNAME),
        name=_first(given, _NAME) or _text(" ".join(filter(None, names))),
        groups=_groups_of(assertion, group_attribute),
    )


def _groups_of(assertion: Assertion, attribute: str) -> tuple[str, ...] | None:
    named = assertion.attributes.get(attribute.removeprefix("$."))
    if named is None and _GROUPS_ELSEWHERE in assertion.attributes:
        return None
    return tuple(dict.fromkeys((named or ())[:MOST_GROUPS]))


def _first(given: Mapping[str, tuple[str, ...]], names: tuple[str, ...]) -> str | None:
    return next((_text(given[name][0]) for name in names if given.get(name)), None)


def groups_at(claims: Mapping[str, Any], path: str) -> tuple[str, ...] | None:
    """The names at a path of claims, such as `groups`, `$.resource_access.app.roles`, `$.groups[*].name`,
    `$['https://example.com/roles']` or plainly `https://example.com/roles`: a list of texts, a list of objects with a
    `name`, or one text. Nothing: none. None: the claim stands elsewhere (OpenID Connect Core 1.0, section 5.6.2), as
    Entra ID does it above 200 groups."""
    steps = _steps(path, claims)
    found: list[Any] = [claims]
    for step in steps:
        found = [each.get(step) for each in _listed(found) if isinstance(each, Mapping)]
    listed = _listed(found)[:MOST_GROUPS] if steps else []
    named = (each.get("name") if isinstance(each, Mapping) else each for each in listed)
    names = tuple(dict.fromkeys(each for each in named if isinstance(each, str) and each))
    return None if not names and _stands_elsewhere(claims, steps) else names


def says_groups(claims: Mapping[str, Any], path: str) -> bool:
    """Whether there is anything where the path begins, or it is said to stand elsewhere."""
    steps = _steps(path, claims)
    return not steps or steps[0] in claims or _stands_elsewhere(claims, steps)


def _stands_elsewhere(claims: Mapping[str, Any], steps: list[str]) -> bool:
    elsewhere = claims.get("_claim_names")
    return bool(steps) and isinstance(elsewhere, Mapping) and steps[0] in elsewhere


def _steps(path: str, claims: Mapping[str, Any]) -> list[str]:
    """The names on the way. A claim may have a name that looks like a path: it counts first."""
    if path in claims:
        return [path]
    return [found["quoted"] or found["plain"] for found in _STEP.finditer(path.removeprefix("$"))]


def _listed(found: list[Any]) -> list[Any]:
    return [each for value in found for each in (value if isinstance(value, list) else [value])]


def demand_domain(person: Person, domains: frozenset[str], *, is_user: bool) -> None:
    """Raises `NotLetIn` when only people with addresses of some domains are let in, and this is none of them."""
    if domains and (person.email is None or person.email.rpartition("@")[2] not in domains):
        message = "Only people with an e-mail address of certain domains are let in."
        raise NotLetIn(person.called, message, may_ask=person.email is not None and not is_user)


def _text(value: object) -> str | None:
    return value.strip()[:LONGEST] or None if isinstance(value, str) else None
