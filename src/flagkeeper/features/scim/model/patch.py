"""PATCH (RFC 7644, section 3.5.2), also in the forms that Entra ID and Okta send: operations with a capital, a value
without a path, paths as keys of that value, `"False"` for false, one value in a list (`[{"$ref": null, "value": "x"}]`)
for what is no list, and a removal that names members in its value."""

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import msgspec

from flagkeeper.features.scim.model.error import ScimError, bad_value
from flagkeeper.features.scim.model.filter import Path, read_path

MOST_OPERATIONS = 1000
_EQUALS = re.compile(r'\s*(\w+)\s+eq\s+("(?:[^"\\]|\\.)*"|true|false)\s*', re.IGNORECASE)
_LISTS = frozenset({"members", "emails"})

Resource = dict[str, Any]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    op: str
    path: str | None = None
    value: Any = None


def patched(document: Resource, operations: Sequence[Operation], read_only: frozenset[str]) -> Resource:
    """The document after all operations, in order. Attributes that are `read_only` (in lower case) stay.

    Raises:
        ScimError: one of them makes no sense; then none of them is made.
    """
    if len(operations) > MOST_OPERATIONS:
        raise ScimError(413, f"At most {MOST_OPERATIONS} operations at once.", "tooMany")
    new = deepcopy(document)
    for each in operations:
        kind = each.op.lower()
        if kind not in ("add", "replace", "remove"):
            raise ScimError(400, f"{each.op[:50]!r} is no operation: add, replace or remove.", "invalidSyntax")
        for path, value in _targets(kind, each):
            if path.name.lower() not in read_only:
                _apply(new, kind, path, value)
    return new


def _targets(kind: str, operation: Operation) -> list[tuple[Path, Any]]:
    if operation.path:
        return [(read_path(operation.path), operation.value)]
    if kind == "remove":
        raise ScimError(400, "What is to be removed? `path` says it.", "noTarget")
    if not isinstance(operation.value, dict):
        raise bad_value("Without a path, the value is an object.")
    return [(read_path(key), value) for key, value in operation.value.items() if not key.lower().startswith("urn:")]


def _apply(document: Resource, kind: str, path: Path, value: Any) -> None:
    key = _key(document, path.name)
    if path.test is not None:
        _apply_to_some(document, key, kind, path, value)
    elif path.sub is None:
        _apply_to_one(document, key, kind, value)
    else:
        below = document.get(key)
        if below is None and kind != "remove":
            below = document[key] = {}
        for each in below if isinstance(below, list) else [below]:
            if isinstance(each, dict):
                _apply_to_one(each, _key(each, path.sub), kind, value)


def _apply_to_one(document: Resource, key: str, kind: str, value: Any) -> None:
    old = document.get(key)
    if kind == "remove":
        gone = _values(value)
        if isinstance(old, list) and value is not None:  # an empty list removes nobody
            document[key] = [each for each in old if not (isinstance(each, dict) and each.get("value") in gone)]
        else:
            document.pop(key, None)
    elif isinstance(old, dict) and isinstance(value, dict):
        document[key] = {**old, **value}
    elif isinstance(old, list) or key in _LISTS:
        given = value if isinstance(value, list) else [value]
        kept = old if isinstance(old, list) and kind == "add" else []
        known = {_identity(each) for each in kept}
        document[key] = [*kept, *(each for each in given if _identity(each) not in known)]
    else:
        document[key] = _alone(value)


def _apply_to_some(document: Resource, key: str, kind: str, path: Path, value: Any) -> None:
    found = document.get(key)
    listed = found if isinstance(found, list) else []
    chosen = [each for each in listed if isinstance(each, dict) and path.test is not None and path.test(each)]
    if kind == "remove" and path.sub is None:
        document[key] = [each for each in listed if each not in chosen]
        return
    if not chosen and kind != "remove":
        chosen = [_member_for(path)]
        document[key] = [*listed, *chosen]
    for each in chosen:
        if path.sub is not None:
            _apply_to_one(each, _key(each, path.sub), kind, value)
        elif isinstance(value, dict):
            each.update(value)
        else:
            raise bad_value(f"What is put at {path.name}[...] is an object.")


def _member_for(path: Path) -> Resource:
    """The member that there is not yet, when it is named by one of its parts: `emails[type eq "work"]`."""
    found = _EQUALS.fullmatch(path.text)
    if found is None:
        raise ScimError(400, f"Nothing of {path.name} is chosen by its filter.", "noTarget")
    return {found[1]: msgspec.json.decode(found[2] if found[2].startswith('"') else found[2].lower())}


def _alone(value: Any) -> Any:
    only = value[0] if isinstance(value, list) and len(value) == 1 else None
    return only["value"] if isinstance(only, dict) and "value" in only else value


def _values(given: Any) -> set[Any]:
    listed = given if isinstance(given, list) else [given]
    return {each.get("value") if isinstance(each, dict) else each for each in listed if each is not None}


def _identity(member: Any) -> Any:
    return str(member.get("value")) if isinstance(member, dict) else str(member)


def _key(document: Resource, name: str) -> str:
    """The key of an attribute as the document has it: names have no case."""
    wanted = name.lower()
    return next((key for key in document if key.lower() == wanted), name)
