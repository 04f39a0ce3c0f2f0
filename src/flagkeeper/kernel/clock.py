"""Time: stored as milliseconds since 1970 (UTC), written as ISO 8601 with milliseconds and `Z`."""

import time
from datetime import UTC, datetime, timedelta

Millis = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

SECOND: Millis = 1_000
MINUTE: Millis = 60 * SECOND
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)
"""Times without a zone are written almost twice as fast, which lists and exports notice."""
_MILLISECOND = timedelta(milliseconds=1)


def now() -> Millis:
    return time.time_ns() // 1_000_000


def to_iso(millis: Millis) -> str:
    """`2024-10-03T11:09:53.225Z`, the only form in which times leave the server."""
    return (_NAIVE_EPOCH + millis * _MILLISECOND).isoformat("T", "milliseconds") + "Z"


def from_iso(text: str) -> Millis:
    """Milliseconds of an ISO 8601 time; one without an offset is UTC, fractions beyond milliseconds are cut.

    Raises:
        ValueError: when `text` is no such time.
    """
    return of_datetime(datetime.fromisoformat(text))


def of_datetime(moment: datetime) -> Millis:
    """The same for a time that was parsed already. In whole numbers: floats lose a millisecond now and then."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MILLISECOND
