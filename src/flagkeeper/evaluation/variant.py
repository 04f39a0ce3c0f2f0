"""Which variant somebody gets. Pure."""

import random
from collections.abc import Sequence

from msgspec import UNSET

from flagkeeper.evaluation.context import Context, field
from flagkeeper.evaluation.document import ClientVariant
from flagkeeper.evaluation.rollout import VARIANT_SEED, normalised, seed_of


def select(
    variants: Sequence[ClientVariant], stickiness: str, group: str, context: Context, chance: random.Random
) -> ClientVariant | None:
    """The first variant with an override for this context, else the one on whose share of the weights the number of
    this context falls. None: there is nothing to hand out."""
    for variant in variants:
        if _is_overridden(variant, context):
            return variant
    total = sum(variant.weight for variant in variants)
    if not total:
        return None
    seed = seed_of(stickiness, chance)(context)
    target = chance.randint(1, total) if seed is None else normalised(group, seed, total, VARIANT_SEED)
    for variant in variants:
        target -= variant.weight
        if target <= 0:
            return variant
    raise AssertionError("a number is never beyond the last weight")


def _is_overridden(variant: ClientVariant, context: Context) -> bool:
    overrides = [] if variant.overrides is UNSET else variant.overrides
    return any(field(each.context_name)(context) in each.values for each in overrides)
