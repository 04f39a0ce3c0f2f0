"""Moments and spans of time in the parameters of a URL."""

import re
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, Detail

LATEST: Millis = clock.from_iso("9000-01-01")
"""So that every moment that is worked out from a given one can still be written down."""

_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]{0,30}(/[A-Za-z0-9_+-]{1,30}){0,2}", re.ASCII)
_SPAN = re.compile(r"([1-9]\d{0,5})([mhdw])")
_UNITS = {"m": clock.MINUTE, "h": clock.HOUR, "d": clock.DAY, "w": 7 * clock.DAY}


def read_moment(text: str, parameter: str) -> Millis:
    """An ISO 8601 day or time; without an offset it is UTC.

    Raises:
        BadData: it is none, or none between 1970 and 9000.
    """
    try:
        moment = clock.from_iso(text)
    except (ValueError, OverflowError):
        moment = -1
    if 0 <= moment < LATEST:
        return moment
    hint = " Write + as %2B in a URL." if " " in text else ""
    raise _bad(parameter, f"must be a time such as 2026-11-22T03:00:00Z, not {text[:50]!r}.{hint}")


def read_span(text: str, parameter: str, *, longest: str) -> Millis:
    """So many minutes, hours, days or weeks: `30m`, `12h`, `7d`.

    Raises:
        BadData: it is no such text, or longer than `longest`.
    """
    span, most = _span(text), _span(longest)
    if span is None or most is None or span > most:
        raise _bad(parameter, f"must be like 30m, 3h or 2d, and {longest} at most, not {text[:50]!r}.")
    return span


def read_zone(text: str | None) -> tzinfo:
    """A zone by its name in the IANA database (`Europe/Berlin`), as far as this server's system has that.

    Raises:
        BadData: it is none.
    """
    if text is None or text == "UTC":
        return UTC
    try:
        if _ZONE.fullmatch(text):
            return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        pass
    raise _bad("tz", f"must be the name of a time zone such as Europe/Berlin or UTC, not {text[:50]!r}.")


def _span(text: str) -> Millis | None:
    match = _SPAN.fullmatch(text)
    return int(match[1]) * _UNITS[match[2]] if match and text.isascii() else None


def _bad(parameter: str, problem: str) -> BadData:
    return BadData(f"The parameter {parameter} {problem}", Detail(f"{parameter} {problem}", f"/query/{parameter}"))
