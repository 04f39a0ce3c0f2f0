"""Unleash's search parameters, `IS:value` and `IS_ANY_OF:a,b`, as a query."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from flagkeeper.eventlog.query.conditions import Condition, EventQuery, Field, Is, containing
from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, Detail

FILTERS = {
    "query": "A part of a name or value, whatever the case",
    "id": "`IS:123` or `IS_ANY_OF:1,2`",
    "groupId": "`IS:...`: the events of one request",
    "type": "`IS:feature-created` or `IS_ANY_OF:a,b`",
    "project": "`IS:...` or `IS_ANY_OF:...`",
    "feature": "`IS:...` or `IS_ANY_OF:...`, names of flags",
    "environment": "`IS:...` or `IS_ANY_OF:...`",
    "createdBy": "`IS:1` or `IS_ANY_OF:1,2`, ids of users",
    "from": "`IS:2026-11-22`: that day (UTC) or later",
    "to": "`IS:2026-11-22`: that day (UTC) or earlier",
}
"""The parameters, and what documentation says about them; all that are given must hold."""

_FIELDS = {
    "id": Field.ID,
    "groupId": Field.GROUP,
    "type": Field.TYPE,
    "project": Field.PROJECT,
    "feature": Field.FLAG,
    "environment": Field.ENVIRONMENT,
    "createdBy": Field.USER,
}
_NUMBERS = ("id", "createdBy")
_OPERATOR = re.compile(r"(IS|IS_ANY_OF):(.*)", re.DOTALL)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MOST_VALUES = 1_000
_LARGEST_ID = 2**63 - 1


def read_parameters(given: Iterable[tuple[str, str]], zone: tzinfo = UTC) -> EventQuery:
    """The query that a URL's parameters ask for; those that are no filters are left to others. Days are those
    of `zone`.

    Raises:
        BadData: a filter is repeated, has no operator that we know, or a value that cannot be.
    """
    filters: dict[str, str] = {}
    for name, value in given:
        if name in filters:
            raise _bad(name, "was given twice; list several values as IS_ANY_OF:a,b")
        if name in FILTERS:
            filters[name] = value
    conditions: list[Condition] = []
    for name, field in _FIELDS.items():
        if name in filters:
            conditions.append(Is(field=field, values=_values(filters, name)))
    if part := filters.get("query"):
        conditions.append(containing(part))
    since, until = _day(filters, "from"), _day(filters, "to")
    return EventQuery(
        conditions=tuple(conditions),
        since=None if since is None else _begin(since, zone),
        until=None if until is None else _begin(until + timedelta(days=1), zone),
    )


def _values(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    match = _OPERATOR.fullmatch(given[name])
    if match is None:
        raise _bad(name, "must look like IS:value or IS_ANY_OF:a,b")
    items = [item.strip() for item in match[2].split(",") if item.strip()]
    if not items:
        raise _bad(name, f"names no value after {match[1]}:; leave it out to find all")
    if len(items) > MOST_VALUES:
        raise _bad(name, f"takes at most {MOST_VALUES} values")
    if name not in _NUMBERS:
        return tuple(items)
    try:
        return tuple(str(_number(item)) for item in items)
    except ValueError as error:
        raise _bad(name, "takes whole numbers: IS:1 or IS_ANY_OF:1,2") from error


def _number(text: str) -> int:
    number = int(text)
    if abs(number) > _LARGEST_ID or not text.isascii():
        raise ValueError(text)
    return number


def _begin(day: date, zone: tzinfo) -> Millis:
    """The first millisecond of a day."""
    return clock.of_datetime(datetime.combine(day, time(), zone))


def _day(given: Mapping[str, str], name: str) -> date | None:
    if name not in given:
        return None
    text: Any = given[name].removeprefix("IS:")
    if not given[name].startswith("IS:") or not _DAY.fullmatch(text):
        raise _bad(name, "must look like IS:2026-11-22")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise _bad(name, f"names a day that does not exist: {text}") from error
    if day == date.max:
        raise _bad(name, f"names the end of time: {text}")
    return day


def _bad(name: str, problem: str) -> BadData:
    return BadData(f"The parameter {name} {problem}.", Detail(f"{name} {problem}", f"/query/{name}"))
