"""The hash that spreads people over percentages and weights: the same person always falls on the same number. Pure."""

import random
from collections.abc import Callable

from flagkeeper.evaluation.context import Context, field

VARIANT_SEED = 86028157
"""Variants are drawn independently of who gets the flag at all."""

_MASK = 0xFFFFFFFF

Seed = Callable[[Context], str | None]
"""What somebody's number is computed from. None: it is missing."""


def murmur3(data: bytes, seed: int = 0) -> int:
    """MurmurHash3, the 32 bit variant for x86."""
    h = seed
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        h ^= _scrambled(int.from_bytes(data[i : i + 4], "little"))
        h = (h << 13 | h >> 19) & _MASK
        h = (h * 5 + 0xE6546B64) & _MASK
    if whole < len(data):
        h ^= _scrambled(int.from_bytes(data[whole:], "little"))
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & _MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & _MASK
    return h ^ h >> 16


def _scrambled(k: int) -> int:
    k = k * 0xCC9E2D51 & _MASK
    k = (k << 15 | k >> 17) & _MASK
    return k * 0x1B873593 & _MASK


def normalised(group: str, identifier: str, count: int = 100, seed: int = 0) -> int:
    """A number from 1 to `count`, always the same for the same group and identifier. A rollout of 30 percent has the
    numbers up to 30."""
    return murmur3(f"{group}:{identifier}".encode(), seed) % count + 1


def seed_of(stickiness: str, chance: random.Random) -> Seed:
    """What a stickiness computes numbers from. `default` is the user, else the session, else chance; `random` is always
    chance; any other is the field of that name."""
    match stickiness:
        case "random":
            return lambda _: _drawn(chance)
        case "default":
            return lambda context: _default(context, chance)
        case _:
            return field(stickiness)


def _default(context: Context, chance: random.Random) -> str:
    if context.user_id is not None:
        return context.user_id
    return context.session_id if context.session_id is not None else _drawn(chance)


def _drawn(chance: random.Random) -> str:
    return str(chance.random())
