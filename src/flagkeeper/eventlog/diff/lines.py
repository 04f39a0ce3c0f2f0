"""A difference as lines that people read: `strategies[0].parameters.rollout: 25 -> 50`."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from flagkeeper.eventlog.diff.pairs import DEEPEST, is_scalar, pair

Change = Literal["added", "removed", "changed", "moved"]

_PLAIN_KEY = re.compile(r"[\w-]+")
_ODD = re.compile(r"^\s|\s$|[\x00-\x1f\x7f]|^(?:|null|true|false)$")
"""Texts that would be taken for something else, or for nothing, without quotation marks."""

_SIGNS = {"added": "+ ", "removed": "- "}


class Line(msgspec.Struct, frozen=True):
    """One thing that differs."""

    change: Change
    path: str
    """Where: in the old document for what was removed, in the new one for all else."""
    text: str


def lines(old: Any, new: Any) -> Iterator[Line]:
    """What differs, in the order of the new document."""
    yield from _walk("", old, new, 0)


def added(document: Any) -> Iterator[Line]:
    """Every value of a document that is new."""
    yield from _whole("added", "", document, 0)


def removed(document: Any) -> Iterator[Line]:
    """Every value of a document that is gone."""
    yield from _whole("removed", "", document, 0)


def _walk(path: str, old: Any, new: Any, depth: int) -> Iterator[Line]:
    if isinstance(old, dict) and isinstance(new, dict) and depth < DEEPEST:
        for key, value in old.items():
            if key in new:
                yield from _walk(_below(path, key), value, new[key], depth + 1)
            else:
                yield from _whole("removed", _below(path, key), value, depth + 1)
        for key, value in new.items():
            if key not in old:
                yield from _whole("added", _below(path, key), value, depth + 1)
    elif isinstance(old, list) and isinstance(new, list) and depth < DEEPEST:
        yield from _plain_list(path, old, new) if all(map(is_scalar, [*old, *new])) else _list(path, old, new, depth)
    elif is_scalar(old) and is_scalar(new):
        if type(old) is not type(new) or old != new:
            yield Line("changed", path, f"{path}: {_change(old, new)}")
    else:
        yield from _whole("removed", path, old, depth)
        yield from _whole("added", path, new, depth)


def _list(path: str, old: list[Any], new: list[Any], depth: int) -> Iterator[Line]:
    pairs = pair(old, new)
    for position in pairs.removed:
        yield from _whole("removed", f"{path}[{position}]", old[position], depth + 1)
    for position, origin in enumerate(pairs.origin):
        here = f"{path}[{position}]"
        if origin is None:
            yield from _whole("added", here, new[position], depth + 1)
            continue
        if position in pairs.moved:
            yield Line("moved", here, f"{here}: was {path}[{origin}]")
        yield from _walk(here, old[origin], new[position], depth + 1)


def _plain_list(path: str, old: list[Any], new: list[Any]) -> Iterator[Line]:
    pairs = pair(old, new)
    if pairs.removed:
        yield _line("removed", path, _listed([old[position] for position in pairs.removed]))
    if fresh := [value for value, origin in zip(new, pairs.origin, strict=True) if origin is None]:
        yield _line("added", path, _listed(fresh))
    if pairs.moved:
        yield Line("moved", path, f"{path}: now in the order {_listed(new)}")


def _whole(change: Literal["added", "removed"], path: str, value: Any, depth: int) -> Iterator[Line]:
    """Every value in something that came or went."""
    if isinstance(value, dict) and value and depth < DEEPEST:
        for key, member in value.items():
            yield from _whole(change, _below(path, key), member, depth + 1)
    elif isinstance(value, list) and not all(map(is_scalar, value)) and depth < DEEPEST:
        for position, item in enumerate(value):
            yield from _whole(change, f"{path}[{position}]", item, depth + 1)
    elif isinstance(value, list) and value and depth < DEEPEST:
        yield _line(change, path, _listed(value))
    elif value is not None or path:
        yield _line(change, path, _shown(value))


def _line(change: Literal["added", "removed"], path: str, value: str) -> Line:
    return Line(change, path, f"{_SIGNS[change]}{path}: {value}" if path else f"{_SIGNS[change]}{value}")


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(_shown, values))


def _change(old: Any, new: Any) -> str:
    before, after = _shown(old), _shown(new)
    return f"{before} -> {after}" if before != after else f"{_exact(old)} -> {_exact(new)}"


def _shown(value: Any) -> str:
    """Text stands for itself, unless it could be mistaken."""
    return value if isinstance(value, str) and not _ODD.search(value) else _exact(value)


def _exact(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _below(path: str, key: str) -> str:
    if not _PLAIN_KEY.fullmatch(key):
        return f"{path}[{_exact(key)}]"
    return f"{path}.{key}" if path else key
