"""Whom an identity provider means: from its claims to somebody who may be a user. Pure."""

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
    groups: tuple[str, ...]

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
    verified = claims.get("email_verified") not in (False, "false")
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
        groups=tuple(dict.fromkeys(assertion.attributes.get(group_attribute.removeprefix("$."), ())[:MOST_GROUPS])),
    )


def _first(given: Mapping[str, tuple[str, ...]], names: tuple[str, ...]) -> str | None:
    return next((_text(given[name][0]) for name in names if given.get(name)), None)


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


def demand_domain(person: Person, domains: frozenset[str], *, is_user: bool) -> None:
    """Raises `NotLetIn` when only people with addresses of some domains are let in, and this is none of them."""
    if domains and (person.email is None or person.email.rpartition("@")[2] not in domains):
        message = "Only people with an e-mail address of certain domains are let in."
        raise NotLetIn(person.called, message, may_ask=person.email is not None and not is_user)


def _text(value: object) -> str | None:
    return value.strip()[:LONGEST] or None if isinstance(value, str) else None
