"""Time: stored as milliseconds since 1970 (UTC), written as ISO 8601 with milliseconds and `Z`."""

import time
from datetime import UTC, datetime

Millis = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

SECOND: Millis = 1_000
MINUTE: Millis = 60 * SECOND
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR


def now() -> Millis:
    return time.time_ns() // 1_000_000


def to_iso(millis: Millis) -> str:
    """`2024-10-03T11:09:53.225Z`, the only form in which times leave the server."""
    seconds, rest = divmod(millis, 1000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{rest:03d}Z"


def from_iso(text: str) -> Millis:
    """Milliseconds of an ISO 8601 time; one without an offset is UTC, fractions beyond milliseconds are cut.

    Raises:
        ValueError: when `text` is no such time.
    """
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    return int(parsed.timestamp() * 1000 // 1)
