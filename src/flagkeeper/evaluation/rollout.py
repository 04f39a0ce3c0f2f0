"""The hash that spreads people over percentages and weights: the same person always falls on the same number. Pure."""

import random
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from mmh3 import hash as murmur3
from mmh3 import mmh3_32_uintdigest as digest

from flagkeeper.evaluation.context import Values
from flagkeeper.evaluation.match import Match, always, never

VARIANT_SEED = 86028157
"""Variants are drawn independently of who gets the flag at all."""

OutcomeT = TypeVar("OutcomeT")

Draw = Callable[[Values], int]
"""A number from 0 on: somebody's own, or one that chance draws."""


def normalised(group: str, identifier: str, count: int = 100, seed: int = 0) -> int:
    """A number from 1 to `count`, always the same for the same group and identifier. A rollout of 30 percent has the
    numbers up to 30."""
    return int(murmur3(f"{group}:{identifier}", seed, False)) % count + 1


class Rollout:
    """Holds for those whose number, computed from a group and from what a stickiness names, is within a percentage."""

    __slots__ = ("_chance", "percent", "prefix", "stickiness")

    def __init__(self, percent: int, stickiness: str, group: str, chance: random.Random) -> None:
        self.percent = percent
        self.stickiness = stickiness
        self.prefix = f"{group}:"
        self._chance = chance

    def __call__(self, values: Values) -> bool:
        value = _identifier(self.stickiness, values)
        if value is None:
            return self.stickiness == "default" and self._chance.random() * 100 < self.percent
        return int(murmur3(self.prefix + value, 0, False)) % 100 < self.percent


class Rollouts(Generic[OutcomeT]):
    """Many rollouts of one stickiness, each with what it gives when it does not hold and when it does. Who is asking is
    looked up and encoded once for all: half of the time that one costs by itself."""

    def __init__(self, stickiness: str, rollouts: Sequence[tuple[Rollout, OutcomeT, OutcomeT]]) -> None:
        self._stickiness = stickiness
        self._rollouts = rollouts
        self._ready = [(each.prefix.encode(), each.percent, off, on) for each, off, on in rollouts]

    def outcomes(self, values: Values) -> list[OutcomeT]:
        value = _identifier(self._stickiness, values)
        if value is None:
            return [on if each(values) else off for each, off, on in self._rollouts]
        data = value.encode()
        return [on if digest(prefix + data) % 100 < percent else off for prefix, percent, off, on in self._ready]


def rollout(percent: int, stickiness: str, group: str, chance: random.Random) -> Match:
    """Holds for `percent` of all, the same ones each time: their numbers are computed from the `group` and what the
    `stickiness` names. `default` is the user, else the session, else chance; `random` is always chance; any other is
    the field of that name, and who lacks it gets nothing."""
    if percent <= 0:
        return never
    if percent >= 100:
        return always if stickiness in ("default", "random") else lambda values: stickiness in values
    if stickiness == "random":
        return lambda _: chance.random() * 100 < percent
    return Rollout(percent, stickiness, group, chance)


def _identifier(stickiness: str, values: Values) -> str | None:
    if stickiness != "default":
        return values.get(stickiness)
    value = values.get("userId")
    return values.get("sessionId") if value is None else value


def share(total: int, stickiness: str, group: str, chance: random.Random) -> Draw:
    """Draws one of the shares of variants, 0 to `total` - 1. Who lacks the field gets any of them."""
    if stickiness == "random":
        return lambda _: chance.randrange(total)
    prefix = f"{group}:"

    def draw(values: Values) -> int:
        value = _identifier(stickiness, values)
        if value is None:
            return chance.randrange(total)
        return int(murmur3(prefix + value, VARIANT_SEED, False)) % total

    return draw
