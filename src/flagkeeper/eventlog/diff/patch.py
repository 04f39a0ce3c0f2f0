"""JSON Patch (RFC 6902) that makes a new document of an old one."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.diff.pairs import DEEPEST, Pairs, is_scalar, pair

MOST_STEPS = 200
"""Elements of one list that come, go and move. One that changed more is replaced as a whole."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a JSON Patch."""

    op: Literal["add", "remove", "replace", "move"]
    path: str
    from_: str | UnsetType = msgspec.field(default=UNSET, name="from")
    value: Any = UNSET


def patch(old: Any, new: Any) -> list[Operation]:
    """What to do to `old` so that it becomes `new`, step by step."""
    return list(_walk("", old, new, 0))


def _walk(path: str, old: Any, new: Any, depth: int) -> Iterator[Operation]:
    if type(old) is not type(new) or depth == DEEPEST:
        yield Operation(op="replace", path=path, value=new)
    elif is_scalar(old):
        if old != new:
            yield Operation(op="replace", path=path, value=new)
    elif isinstance(old, dict):
        yield from _members(path, old, new, depth + 1)
    else:
        yield from _elements(path, old, new, depth + 1)


def _members(path: str, old: dict[str, Any], new: dict[str, Any], depth: int) -> Iterator[Operation]:
    for key in old:
        if key not in new:
            yield Operation(op="remove", path=_below(path, key))
    for key, value in new.items():
        if key in old:
            yield from _walk(_below(path, key), old[key], value, depth)
        else:
            yield Operation(op="add", path=_below(path, key), value=value)


def _elements(path: str, old: list[Any], new: list[Any], depth: int) -> Iterator[Operation]:
    pairs = pair(old, new)
    if len(pairs.removed) + len(pairs.moved) + pairs.origin.count(None) > MOST_STEPS:
        yield Operation(op="replace", path=path, value=new)
        return
    for position in reversed(pairs.removed):
        yield Operation(op="remove", path=f"{path}/{position}")
    yield from _order(path, len(old), new, pairs)
    for position, origin in enumerate(pairs.origin):
        if origin is not None:
            yield from _walk(f"{path}/{position}", old[origin], new[position], depth)


def _order(path: str, size: int, new: list[Any], pairs: Pairs) -> Iterator[Operation]:
    """Puts what is new or moved before what follows it, from the end of the list on."""
    gone = set(pairs.removed)
    present: list[int | None] = [i for i in range(size) if i not in gone]
    """The list as it is by now: old positions, and below zero what is new."""
    names = [-1 - index if origin is None else origin for index, origin in enumerate(pairs.origin)]
    for index in range(len(new) - 1, -1, -1):
        if pairs.origin[index] is None:
            at = _before(present, names, index)
            yield Operation(op="add", path=f"{path}/{at}", value=new[index])
        elif index in pairs.moved:
            source = present.index(names[index])
            del present[source]
            at = _before(present, names, index)
            yield Operation(op="move", path=f"{path}/{at}", from_=f"{path}/{source}")
        else:
            continue
        present.insert(at, names[index])


def _before(present: list[int | None], names: list[int], index: int) -> int:
    return present.index(names[index + 1]) if index + 1 < len(names) else len(present)


def _below(path: str, key: str) -> str:
    return f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
