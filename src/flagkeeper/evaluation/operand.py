"""Reads what constraints compare: numbers, times, versions, patterns and networks. Pure.

Each function returns None for text that is none of its kind.
"""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache, wraps
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple, TypeVar

import re2

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Pattern = Any
"""A compiled pattern of RE2, which has no types."""

LONGEST_KEPT = 100

_NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|infinity|nan)", re.ASCII | re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_ANY_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_VERSION = re.compile(
    r"(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)


_FoundT = TypeVar("_FoundT")


def _kept(read: Callable[[str], _FoundT]) -> Callable[[str], _FoundT]:
    """Remembers what was read last: many constraints read the same few values, such as the time and the version of an
    application. Long texts are read anew, for contexts hold what clients like."""
    cached = lru_cache(maxsize=1_024)(read)
    return wraps(read)(lambda text: cached(text) if len(text) <= LONGEST_KEPT else read(text))


class Version(NamedTuple):
    """A semantic version. Compares as the standard says: a pre-release comes before its release, numbers in it before
    words, and what follows a plus makes no difference."""

    major: int
    minor: int
    patch: int
    released: bool
    pre_release: tuple[tuple[bool, int, str], ...]


@_kept
def number(text: str) -> float | None:
    """`5`, `-1.5e3`. Blanks and underscores are no part of a number."""
    return float(text) if _NUMBER.fullmatch(text) else None


def time(text: str) -> datetime | None:
    """An ISO 8601 time with a zone, and a fraction of no or three digits: other fractions turn a flag off in SDKs."""
    return time_of_any_precision(text) if _TIME.fullmatch(text) else None


@_kept
def time_of_any_precision(text: str) -> datetime | None:
    """An ISO 8601 time with a zone, as contexts have it."""
    if not _ANY_TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


@_kept
def version(text: str) -> Version | None:
    """`1.2.3-beta.1+build`: strict, so neither `v1.2.3` nor `1.2`."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    major, minor, patch, pre_release = match.groups()
    identifiers = pre_release.split(".") if pre_release else []
    return Version(
        int(major),
        int(minor),
        int(patch),
        not identifiers,
        tuple((False, int(each), "") if each.isdigit() else (True, 0, each) for each in identifiers),
    )


def pattern(text: str, *, ignore_case: bool = False) -> Pattern | None:
    """A pattern for RE2, which matches in linear time: no look-around and no back-references."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(text, options)
    except re2.error:
        return None


@_kept
def address(text: str) -> Address | None:
    """An IPv4 or IPv6 address, without a zone."""
    if "%" in text:
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None


def network(text: str) -> Network | None:
    """`10.0.0.0/8`, or a single address. Bits beyond the prefix make no difference."""
    if "%" in text:
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
