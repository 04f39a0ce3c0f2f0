"""Which element of a list became which: what moved is not mistaken for something new."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import msgspec

DEEPEST = 100
"""Levels of nesting that are compared; below, a document is one value."""

_NAMES = ("id", "name")
_SCALARS = (str, int, float, bool, type(None))


class Pairs(msgspec.Struct, frozen=True):
    """How one list became another."""

    origin: list[int | None]
    """For each element of the new list, its position in the old one; None for what is new."""
    removed: list[int]
    """Positions in the old list of what is gone, rising."""
    moved: frozenset[int]
    """Positions in the new list of what stands elsewhere among the others than before. As few as can be."""


def is_scalar(value: Any) -> bool:
    return isinstance(value, _SCALARS)


def same(left: Any, right: Any, depth: int = 0) -> bool:
    """Equal as JSON: `true` is not `1`. What is nested deeper than `DEEPEST` never is."""
    if type(left) is not type(right):
        return False
    if is_scalar(left):
        return bool(left == right)
    if depth == DEEPEST or len(left) != len(right):
        return False
    if isinstance(left, dict):
        return all(key in right and same(value, right[key], depth + 1) for key, value in left.items())
    return all(same(*each, depth + 1) for each in zip(left, right, strict=True))


def pair(old: Sequence[Any], new: Sequence[Any]) -> Pairs:
    """Elements are the same thing when they have the same `id`, or else the same `name`, where all elements have one;
    plain values when they are equal; others by where they stand, counted from whichever end is unchanged."""
    before, after = _identities(old, new)
    position = {identity: i for i, identity in enumerate(before)}
    origin = [position.get(identity) for identity in after]
    kept = {i for i in origin if i is not None}
    return Pairs(origin, [i for i in range(len(old)) if i not in kept], _moved(origin))


def _identities(old: Sequence[Any], new: Sequence[Any]) -> tuple[list[Hashable], list[Hashable]]:
    both = [*old, *new]
    if all(map(is_scalar, both)):
        return _numbered([(type(each), each) for each in old]), _numbered([(type(each), each) for each in new])
    for name in _NAMES:
        if all(isinstance(each, dict) and type(each.get(name)) in (str, int) for each in both):
            return _numbered([each[name] for each in old]), _numbered([each[name] for each in new])
    return _by_place(old, new)


def _numbered(found: list[Any]) -> list[Hashable]:
    """What occurs twice is told apart by its number."""
    times: Counter[Any] = Counter()
    numbered: list[Hashable] = []
    for each in found:
        times[each] += 1
        numbered.append((each, times[each]))
    return numbered


def _by_place(old: Sequence[Any], new: Sequence[Any]) -> tuple[list[Hashable], list[Hashable]]:
    """The unchanged end keeps its place seen from the end, all else seen from the beginning."""
    shorter = min(len(old), len(new))
    first = next((i for i in range(shorter) if not same(old[i], new[i])), shorter)
    last = next((i for i in range(shorter - first) if not same(old[-1 - i], new[-1 - i])), shorter - first)
    if len(old) == len(new):
        last = 0
    return _places(len(old), last), _places(len(new), last)


def _places(size: int, last: int) -> list[Hashable]:
    return [*range(size - last), *(-each for each in range(last, 0, -1))]


def _moved(origin: Sequence[int | None]) -> frozenset[int]:
    """All that stand outside the longest run of elements whose order is unchanged."""
    ends: list[int] = []
    """By length of a run, the smallest old position that it can end with."""
    last: list[int] = []
    """By length of a run, where in the new list the one in `ends` ends."""
    previous: dict[int, int | None] = {}
    for index, old in enumerate(origin):
        if old is None:
            continue
        length = bisect_left(ends, old)
        previous[index] = last[length - 1] if length else None
        ends[length:] = [old] if length == len(ends) else [old, *ends[length + 1 :]]
        last[length:] = [index] if length == len(last) else [index, *last[length + 1 :]]
    staying = set()
    step = last[-1] if last else None
    while step is not None:
        staying.add(step)
        step = previous[step]
    return frozenset(previous.keys() - staying)
