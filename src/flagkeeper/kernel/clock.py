"""Time: stored as milliseconds since 1970 (UTC), written as ISO 8601 with milliseconds and `Z`.

A process counts time from a moment that it was told, by a clock that never jumps. Until a database tells it the time,
that moment is this machine's own; from then on it follows the database's clock, which all servers share. A clock that
jumps is not followed: one server that was a day ahead would freeze the times of the log for everybody, for a day.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
import structlog

Millis = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

Iso = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""A time in answers, as `to_iso` writes it."""

SECOND: Millis = 1_000
MINUTE: Millis = 60 * SECOND
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)
"""Times without a zone are written almost twice as fast, which lists and exports notice."""
_MILLISECOND = timedelta(milliseconds=1)


LEAP: Millis = MINUTE
"""How far a clock that is followed may move away from our count; more is a jump."""

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Counts also while the machine sleeps, and takes no notice of a clock that is set."""


log = structlog.get_logger("flagkeeper.clock")


def _steady() -> Millis:
    return time.clock_gettime_ns(_STEADY) // 1_000_000


class Clock:
    """Counts time from the moment that it was told last."""

    def __init__(self, told: Millis) -> None:
        self._moment = (told, _steady())
        self._following = False
        self.jump: Millis = 0
        """By how much the followed clock is away from the count, while that is too much to be believed; else 0."""

    def now(self) -> Millis:
        told, at = self._moment
        return told + _steady() - at

    def follow(self, told: Millis) -> Millis:
        """The time now, given what the followed clock says. It is believed when it is the first that is heard of it, or
        within `LEAP` of the count."""
        counted = self.now()
        away = told - counted
        if self._following and abs(away) > LEAP:
            self.jump = away
            return counted
        self._moment, self._following, self.jump = (told, _steady()), True, 0
        return told


clock = Clock(time.time_ns() // 1_000_000)
"""The clock of this process."""


def now() -> Millis:
    return clock.now()


def follow(told: Millis) -> Millis:
    """The time now, given what the database says (`Clock.follow`). A jump is logged when it begins and when it ends."""
    before, moment = clock.jump, clock.follow(told)
    if clock.jump and not before:
        log.error("clock_jumped", by_seconds=round(clock.jump / SECOND), goes_on_from=to_iso(moment))
    elif before and not clock.jump:
        log.info("clock_is_back", time=to_iso(moment))
    return moment


def to_iso(millis: Millis) -> str:
    """`2024-10-03T11:09:53.225Z`, the only form in which times leave the server."""
    return (_NAIVE_EPOCH + millis * _MILLISECOND).isoformat("T", "milliseconds") + "Z"


def from_iso(text: str) -> Millis:
    """Milliseconds of an ISO 8601 time; one without an offset is UTC, fractions beyond milliseconds are cut.

    Raises:
        ValueError: when `text` is no such time.
    """
    return of_datetime(datetime.fromisoformat(text))


def to_datetime(millis: Millis) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + millis * _MILLISECOND


def of_datetime(moment: datetime) -> Millis:
    """The same for a time that was parsed already. In whole numbers: floats lose a millisecond now and then."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MILLISECOND
