"""Identifiers: ULIDs (26 characters, sortable by time) and random secrets."""

import os
import secrets
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]
"""Ten bits each."""


def new_ulid() -> str:
    """A fresh ULID: 48 bits of milliseconds, 80 random bits, in Crockford's base 32."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])


def new_secret(size: int = 28) -> str:
    """`size` random bytes as lower-case hex: what tokens and session keys are made of."""
    return secrets.token_hex(size)
