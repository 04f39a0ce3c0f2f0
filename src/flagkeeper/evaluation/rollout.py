"""The hash that spreads people over percentages and weights: the same person always falls on the same number. Pure."""

import random
from collections.abc import Callable

from mmh3 import hash as murmur3

from flagkeeper.evaluation.context import Values
from flagkeeper.evaluation.match import Match, always, never

VARIANT_SEED = 86028157
"""Variants are drawn independently of who gets the flag at all."""

Draw = Callable[[Values], int]
"""A number from 0 on: somebody's own, or one that chance draws."""


def normalised(group: str, identifier: str, count: int = 100, seed: int = 0) -> int:
    """A number from 1 to `count`, always the same for the same group and identifier. A rollout of 30 percent has the
    numbers up to 30."""
    return int(murmur3(f"{group}:{identifier}", seed, False)) % count + 1


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
    prefix = f"{group}:"
    if stickiness == "default":

        def match_default(values: Values) -> bool:
            value = values.get("userId")
            if value is None:
                value = values.get("sessionId")
                if value is None:
                    return chance.random() * 100 < percent
            return murmur3(prefix + value, 0, False) % 100 < percent

        return match_default

    def match_field(values: Values) -> bool:
        value = values.get(stickiness)
        return value is not None and murmur3(prefix + value, 0, False) % 100 < percent

    return match_field


def share(total: int, stickiness: str, group: str, chance: random.Random) -> Draw:
    """Draws one of the shares of variants, 0 to `total` - 1. Who lacks the field gets any of them."""
    if stickiness == "random":
        return lambda _: chance.randrange(total)
    prefix, by_session = f"{group}:", stickiness == "default"
    name = "userId" if by_session else stickiness

    def draw(values: Values) -> int:
        value = values.get(name)
        if value is None and by_session:
            value = values.get("sessionId")
        if value is None:
            return chance.randrange(total)
        return int(murmur3(prefix + value, VARIANT_SEED, False)) % total

    return draw
