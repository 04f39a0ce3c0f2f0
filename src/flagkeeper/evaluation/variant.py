"""Which variant somebody gets. Pure."""

import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

from flagkeeper.evaluation.context import Values
from flagkeeper.evaluation.document import ClientVariant
from flagkeeper.evaluation.rollout import share

NONE = -1
Choice = int | Callable[[Values], int]
"""The position of a variant in its list, or what finds it; `NONE`: there is nothing to hand out."""


def choice(variants: Sequence[ClientVariant], stickiness: str, group: str, chance: random.Random) -> Choice:
    """The first variant with an override for a context, else the one on whose share of the weights its number falls."""
    overrides = [
        (i, each.context_name, frozenset(each.values))
        for i, variant in enumerate(variants)
        for each in variant.overrides or ()
    ]
    drawn = _drawn([each.weight for each in variants], stickiness, group, chance)
    if not overrides:
        return drawn

    def choose(values: Values) -> int:
        for i, name, wanted in overrides:
            if values.get(name) in wanted:
                return i
        return drawn if isinstance(drawn, int) else drawn(values)

    return choose


def chosen(made: Choice, values: Values) -> int:
    return made if isinstance(made, int) else made(values)


def _drawn(weights: Sequence[int], stickiness: str, group: str, chance: random.Random) -> Choice:
    weighed = [i for i, weight in enumerate(weights) if weight]
    if len(weighed) < 2:
        return weighed[0] if weighed else NONE
    ends = list(accumulate(weights))
    draw = share(ends[-1], stickiness, group, chance)
    return lambda values: bisect_right(ends, draw(values))
