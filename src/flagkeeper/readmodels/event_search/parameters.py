"""Unleash's search parameters: `IS:value` and `IS_ANY_OF:a,b` (facts: endpoints-events.md, section 4). Pure."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

import msgspec

from flagkeeper.eventlog.read import EventFilter
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail

_OPERATOR = re.compile(r"(IS|IS_ANY_OF):(.*)", re.DOTALL)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LARGEST_ID = 2**63 - 1

T = TypeVar("T")


def read_filter(query: Iterable[tuple[str, str]]) -> EventFilter:
    """The filter that a query string asks for.

    Raises:
        BadData: a parameter is repeated, has no operator that we know, or a value that cannot be.
    """
    given: dict[str, str] = {}
    for name, value in query:
        if name in given:
            raise _bad(name, "was given twice; list several values as IS_ANY_OF:a,b")
        given[name] = value
    until = _day(given, "to")
    return EventFilter(
        ids=_values(given, "id", _number),
        types=_values(given, "type", str),
        projects=_values(given, "project", str),
        environments=_values(given, "environment", str),
        features=_values(given, "feature", str),
        creators=_values(given, "createdBy", _number),
        group_ids=_values(given, "groupId", str),
        since=_day(given, "from"),
        until=None if until is None else until + clock.DAY,
        text=given.get("query") or None,
    )


def restricted(wanted: EventFilter, *, is_admin: bool) -> EventFilter:
    """The filter, narrowed to what a reader may see: people who are no admins see events of projects only."""
    return wanted if is_admin else msgspec.structs.replace(wanted, of_projects_only=True)


def _values(given: dict[str, str], name: str, convert: Callable[[str], T]) -> tuple[T, ...] | None:
    if name not in given:
        return None
    operands = _operands(given, name)
    items = tuple(item.strip() for item in operands.split(",") if item.strip())
    try:
        return tuple(convert(item) for item in items) or None
    except ValueError as error:
        raise _bad(name, "takes whole numbers: IS:1 or IS_ANY_OF:1,2") from error


def _operands(given: dict[str, str], name: str) -> str:
    match = _OPERATOR.fullmatch(given[name])
    if match is None:
        raise _bad(name, "must look like IS:value or IS_ANY_OF:a,b")
    return match[2]


def _number(text: str) -> int:
    number = int(text)
    if abs(number) > _LARGEST_ID or not text.isascii():
        raise ValueError(text)
    return number


def _day(given: dict[str, str], name: str) -> clock.Millis | None:
    """The first millisecond of a day (UTC)."""
    if name not in given:
        return None
    text: Any = given[name].removeprefix("IS:")
    if not given[name].startswith("IS:") or not _DAY.fullmatch(text):
        raise _bad(name, "must look like IS:2026-11-22")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise _bad(name, f"names a day that does not exist: {text}") from error
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1000


def _bad(name: str, problem: str) -> BadData:
    return BadData(f"The parameter {name} {problem}.", Detail(f"{name} {problem}", f"/query/{name}"))
