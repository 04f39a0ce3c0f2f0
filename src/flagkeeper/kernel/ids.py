"""Identifiers: ULIDs (26 characters, sortable by time) and random secrets."""

import os
import secrets
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_ulid() -> str:
    """A fresh ULID: 48 bits of milliseconds, 80 random bits, in Crockford's base 32."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))


def new_secret(size: int = 28) -> str:
    """`size` random bytes as lower-case hex: what tokens and session keys are made of."""
    return secrets.token_hex(size)
