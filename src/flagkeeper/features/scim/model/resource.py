"""Users and groups as SCIM shows and takes them (RFC 7643)."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from flagkeeper.features.scim.model.error import bad_value
from flagkeeper.kernel import clock

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LONGEST = 255
MOST_EMAILS = 20
READ_ONLY = frozenset({"id", "meta", "schemas", "groups"})
"""Attributes that only this server says, in lower case."""
OWN_EXTERNAL_ID = "flagkeeper:"
"""How the name of a group begins that we gave it, for the provider gave it none."""

T = TypeVar("T")


class Name(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    formatted: str | None = None
    given_name: str | None = None
    family_name: str | None = None


class Email(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    value: str
    type: str | None = None
    primary: bool | None = None


class ScimUser(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a provider says of somebody."""

    user_name: str
    external_id: str | None = None
    name: Name | None = None
    display_name: str | None = None
    emails: list[Email] = []
    active: bool | None = None
    """Nothing is said of it: they are."""

    @property
    def is_active(self) -> bool:
        return self.active is not False

    @property
    def key(self) -> str:
        """Two with the same are one: the case of user names does not count."""
        return self.user_name.casefold()

    def email(self) -> str | None:
        """The address by which people are known here."""
        chosen = next((each.value for each in self.emails if each.primary), None)
        chosen = chosen or next((each.value for each in self.emails), None)
        return (chosen or (self.user_name if "@" in self.user_name else "")).strip().lower() or None

    def shown_name(self) -> str | None:
        name = self.name or Name()
        parts = " ".join(part for part in (name.given_name, name.family_name) if part)
        return self.display_name or name.formatted or parts or None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom a provider keeps."""

    user_id: int
    content: ScimUser
    root_role: int
    """Which they had when they were last active."""
    groups: list[int]
    """Those kept by the provider to which they belonged, while they are not active."""
    created_at: clock.Millis
    changed_at: clock.Millis


class Member(msgspec.Struct, frozen=True, kw_only=True):
    value: str


class ScimGroup(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a provider says of a group."""

    display_name: str
    external_id: str | None = None
    members: list[Member] = []


def user_document(kept: Kept, groups: Mapping[int, str], base_url: str) -> dict[str, Any]:
    """A user with the groups that they belong to (names by id)."""
    return {
        "schemas": [USER],
        "id": str(kept.user_id),
        **msgspec.to_builtins(kept.content),
        "groups": [{**_reference("Group", id_, base_url), "display": name} for id_, name in groups.items()],
        "meta": _meta("User", kept.user_id, kept.created_at, kept.changed_at, base_url),
    }


def group_document(
    id_: int, name: str, scim_id: str, members: Sequence[int], created_at: clock.Millis, base_url: str
) -> dict[str, Any]:
    """A group with the ids of its members."""
    return {
        "schemas": [GROUP],
        "id": str(id_),
        **given_id(scim_id),
        "displayName": name,
        "members": [_reference("User", user_id, base_url) for user_id in members],
        "meta": _meta("Group", id_, created_at, None, base_url),
    }


def read_user(document: Mapping[str, Any]) -> ScimUser:
    """Raises `ScimError`."""
    found = _read(document, ScimUser)
    texts = (found.user_name, found.external_id, found.display_name, *(each.value for each in found.emails))
    if not found.user_name.strip() or any(len(text) > LONGEST for text in texts if text):
        raise bad_value(f"userName is needed, and texts have at most {LONGEST} characters.")
    if len(found.emails) > MOST_EMAILS:
        raise bad_value(f"At most {MOST_EMAILS} e-mail addresses.")
    return found


def read_group(document: Mapping[str, Any]) -> ScimGroup:
    """Raises `ScimError`."""
    found = _read(document, ScimGroup)
    if not found.display_name.strip() or len(found.external_id or "") > LONGEST:
        raise bad_value(f"displayName is needed, and externalId has at most {LONGEST} characters.")
    if (found.external_id or "").startswith(OWN_EXTERNAL_ID):
        raise bad_value(f"An externalId cannot begin with {OWN_EXTERNAL_ID}")
    return found


def _read(document: Mapping[str, Any], kind: type[T]) -> T:
    known = {field.encode_name.lower(): field.encode_name for field in msgspec.structs.fields(kind)}  # type: ignore[arg-type]
    given = {
        known[key.lower()]: value
        for key, value in document.items()
        if key.lower() in known and value is not None and value != ""
    }
    if isinstance(active := given.get("active"), str):
        given["active"] = active.lower()
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise bad_value(f"{error}.".replace("`", "'")) from error


def given_id(scim_id: str) -> dict[str, Any]:
    """The `externalId` of a group, if the provider gave it one."""
    return {} if scim_id.startswith(OWN_EXTERNAL_ID) else {"externalId": scim_id}


def _reference(kind: str, id_: int, base_url: str) -> dict[str, Any]:
    return {"value": str(id_), "$ref": f"{base_url}/scim/v2/{kind}s/{id_}"}


def _meta(
    kind: str, id_: int, created_at: clock.Millis, changed_at: clock.Millis | None, base_url: str
) -> dict[str, Any]:
    return {
        "resourceType": kind,
        "created": clock.to_iso(created_at),
        "lastModified": clock.to_iso(created_at if changed_at is None else changed_at),
        "location": f"{base_url}/scim/v2/{kind}s/{id_}",
    }
