"""A difference field by field, for tables: `rollout` 25 -> 50, `userId is one of` 10 added and 14 removed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.constraint_words import OPERATORS
from flagkeeper.eventlog.catalogue.wording import listed
from flagkeeper.eventlog.diff.pairs import DEEPEST, pair, same

_PLAIN_KEY = re.compile(r"[\w-]+")
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_encode = msgspec.json.Encoder().encode


class Values(msgspec.Struct, frozen=True):
    """What came to a list, or left it."""

    total: int
    first: list[Any]
    """The first 8 at most, in lists of events 3."""


class Room(msgspec.Struct, frozen=True):
    """How much is shown of values."""

    values: int
    """Of those that came to a list, and of those that left it."""
    longest: int
    """Bytes of JSON of one value; a longer one is told in words, or shown as the beginning of its text."""

    def shown(self, value: Any) -> Any:
        """The value, or what there is room for."""
        text = _encode(value)
        if len(text) <= self.longest:
            return value
        words = value if isinstance(value, str) else _told(value) or text.decode()
        return words if len(words) <= self.longest else words[: self.longest - 1] + "…"

    def listed(self, found: Sequence[Any]) -> "Values | UnsetType":
        return Values(len(found), [self.shown(value) for value in found[: self.values]]) if found else UNSET


WIDE = Room(values=8, longest=300)
NARROW = Room(values=3, longest=80)
"""For lists of events."""


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """What differs in one field. A list has `added` and `removed`, anything else `before` and `after`; what is left out
    was not there."""

    path: str
    """Where: in the old document for what is gone, in the new one for all else: `constraints[0].values`."""
    label: str
    """The same for people: `userId is one of`."""
    before: Any = UNSET
    after: Any = UNSET
    added: Values | UnsetType = UNSET
    removed: Values | UnsetType = UNSET
    reordered: bool | UnsetType = UNSET
    """True: the elements of the list stand in another order."""


class _Place(msgspec.Struct, frozen=True):
    """Where in a document."""

    room: Room
    path: str = ""
    label: str = ""
    of: str = ""
    """What the nearest element of a list around it is called."""

    def key(self, key: str) -> "_Place":
        below = f".{key}" if self.path else key
        path = self.path + (below if _PLAIN_KEY.fullmatch(key) else f"[{_encode(key).decode()}]")
        return _Place(self.room, path, f"{self.of}: {_label(key)}" if self.of else _label(key), self.of)

    def element(self, position: int, value: Any) -> "_Place":
        name = _name(value) or f"{self.label} {position + 1}".strip()
        return _Place(self.room, f"{self.path}[{position}]", name, name)


def fields(old: Any, new: Any, room: Room = WIDE) -> Iterator[FieldChange]:
    """What differs, in the order of the new document."""
    yield from _walk(_Place(room), old, new, 0)


def _walk(at: _Place, old: Any, new: Any, depth: int) -> Iterator[FieldChange]:
    if depth == DEEPEST:
        if not same(old, new):
            yield FieldChange(path=at.path, label=at.label, before=at.room.shown(old), after=at.room.shown(new))
    elif isinstance(old, dict | None) and isinstance(new, dict | None):
        yield from _members(at, old or {}, new or {}, depth)
    elif isinstance(old, list | None) and isinstance(new, list | None):
        yield from _elements(at, old or [], new or [], depth)
    elif not same(old, new):
        yield FieldChange(path=at.path, label=at.label, before=at.room.shown(old), after=at.room.shown(new))


def _members(at: _Place, old: Mapping[str, Any], new: Mapping[str, Any], depth: int) -> Iterator[FieldChange]:
    for key in [*new, *(key for key in old if key not in new)]:
        if key in old and key in new and _encode(old[key]) == _encode(new[key]):
            continue
        below = at.key(key)
        if at.of and key in ("values", "value") and (told := _name(new or old)):
            below = _Place(at.room, below.path, told, told)
        if key in old and key in new:
            yield from _walk(below, old[key], new[key], depth + 1)
        elif isinstance(value := old.get(key, new.get(key)), dict | list):
            yield from _walk(below, value if key in old else None, value if key in new else None, depth + 1)
        elif value is not None:
            yield FieldChange(
                path=below.path, label=below.label, **{"before" if key in old else "after": at.room.shown(value)}
            )


def _elements(at: _Place, old: Sequence[Any], new: Sequence[Any], depth: int) -> Iterator[FieldChange]:
    if _are_names(old) and _are_names(new):
        kept = set(old).intersection(new)
        fresh, gone = [each for each in new if each not in kept], [each for each in old if each not in kept]
        moved = [each for each in old if each in kept] != [each for each in new if each in kept]
        yield from _came_and_went(at, fresh, gone, moved=moved)
        return
    pairs = pair(old, new)
    fresh = [value for value, origin in zip(new, pairs.origin, strict=True) if origin is None]
    yield from _came_and_went(at, fresh, [old[position] for position in pairs.removed], moved=bool(pairs.moved))
    for position, origin in enumerate(pairs.origin):
        if origin is not None and _encode(old[origin]) != _encode(new[position]):
            yield from _walk(at.element(position, new[position]), old[origin], new[position], depth + 1)


def _are_names(values: Sequence[Any]) -> bool:
    """Whether they are texts, each once, as most lists are: then they need not be paired one by one."""
    return all(type(each) is str for each in values) and len(set(values)) == len(values)


def _came_and_went(at: _Place, fresh: Sequence[Any], gone: Sequence[Any], *, moved: bool) -> Iterator[FieldChange]:
    if fresh or gone or moved:
        yield FieldChange(
            path=at.path,
            label=at.label,
            added=at.room.listed(fresh),
            removed=at.room.listed(gone),
            reordered=True if moved else UNSET,
        )


@lru_cache(maxsize=1_000)
def _label(key: str) -> str:
    words = _CAPITAL.sub(" ", key).replace("_", " ").split(" ")
    return " ".join(word.lower() if word[1:].islower() else word for word in words)


def _name(value: Any) -> str:
    """What people call an element of a list: a constraint by what it says, others by their name."""
    if not isinstance(value, dict):
        return ""
    if isinstance(field := value.get("contextName"), str) and isinstance(operator := value.get("operator"), str):
        words = OPERATORS.get(operator, operator)
        return f"{field[:100]} {f'not: {words}' if value.get('inverted') is True else words}"
    named = next((value[key] for key in ("title", "name", "id") if isinstance(value.get(key), str | int)), "")
    return str(named)[:100]


def _told(value: Any) -> str:
    """`userId is one of 1, 2, 3, 4, 5, 12 more`."""
    name = _name(value)
    values = value.get("values") if name else None
    return f"{name} {listed(values)}" if isinstance(values, list) and values else name
