"""About whom it is asked: contexts as clients send them, in a query or in a body. Pure."""

import random
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from flagkeeper.evaluation.context import STANDARD, Values
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail

MOST_FIELDS = 500
TARGETING_KEY = "targetingKey"
"""What OpenFeature calls the one who is asking."""
_PROPERTIES = "properties"
_IN_PROPERTIES = f"{_PROPERTIES}["
_SET_HERE = frozenset({"environment", "currentTime"})
"""Fields that are not the client's to say: the token has an environment, and the server a clock."""
_WHO = ("userId", "sessionId", "remoteAddress", "appName")


def from_query(query: bytes) -> Iterable[tuple[str, Any]]:
    """The fields of a query; `properties[x]` is the property `x`. Of a field that comes twice, the last one counts.

    Raises:
        BadData: there are too many.
    """
    fields = query.decode("latin-1").split("&")
    if len(fields) > MOST_FIELDS:
        raise BadData(f"A context has at most {MOST_FIELDS} fields.")
    for field in fields:
        if not field:
            continue
        name, _, value = field.partition("=")
        if "%" in field or "+" in field:
            name, value = unquote_plus(name), unquote_plus(value)
        if name.startswith(_IN_PROPERTIES) and name.endswith("]"):
            name = name[len(_IN_PROPERTIES) : -1]
            if name in STANDARD:
                continue
        yield name, value


def from_body(context: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The fields of a context in a body, properties among them.

    Raises:
        BadData: `properties` is no object.
    """
    properties = context.get(_PROPERTIES)
    if properties is not None and not isinstance(properties, dict):
        raise _invalid("holds texts by their names", f"/{_PROPERTIES}")
    yield from ((name, value) for name, value in (properties or {}).items() if name not in STANDARD)
    yield from ((name, value) for name, value in context.items() if name != _PROPERTIES)


def read(given: Iterable[tuple[str, Any]], environment: str, address: str) -> dict[str, str]:
    """The values that flags are asked with. Numbers and booleans are read as texts; what is no text at all can be in
    no constraint, and is left out. Who has no address gets the one of the connection."""
    found: dict[str, str] = {}
    for name, value in given:
        text = value if isinstance(value, str) else _text(value)
        if text is not None and name not in _SET_HERE:
            found[name] = text
    for name in _WHO:
        if found.get(name) == "":
            del found[name]
    if address:
        found.setdefault("remoteAddress", address)
    found["environment"] = environment
    found["currentTime"] = clock.to_iso(clock.now())
    return found


def with_session(values: dict[str, str], chance: random.Random) -> Values:
    """The same with a session of its own, if it has none: the flags of one answer agree with each other."""
    if "sessionId" not in values:
        values["sessionId"] = str(chance.randrange(10**9))
    return values


def of_openfeature(context: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The fields of a context of OpenFeature, whose targeting key is the user.

    Raises:
        BadData: the targeting key is no text.
    """
    key = context.get(TARGETING_KEY)
    if key is not None and not isinstance(key, str):
        raise _invalid("is a text", f"/{TARGETING_KEY}")
    yield from from_body({name: value for name, value in context.items() if name != TARGETING_KEY})
    if key is not None:
        yield "userId", key


def _text(value: object) -> str | None:
    return msgspec.json.encode(value).decode() if isinstance(value, bool | int | float) else None


def _invalid(what: str, path: str) -> BadData:
    message = f"`{path[1:]}` of a context {what}."
    return BadData(message, Detail(message, f"/body/context{path}"))
