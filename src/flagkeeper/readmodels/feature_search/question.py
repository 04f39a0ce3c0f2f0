"""Unleash's search parameters, `IS:a` and `INCLUDE_ANY_OF:a,b`, as a question about flags. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from datetime import UTC, date, datetime
from enum import StrEnum
from operator import not_
from typing import Any

import msgspec

from flagkeeper.features.flags.model.lifecycle import Stage
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.paging import Page, read_page, read_word

FILTERS = {
    "query": "Parts of a name, a description or a tag, separated by commas: one of them is enough, whatever the case",
    "project": "`IS:a`, `IS_NOT:a`, `IS_ANY_OF:a,b` or `IS_NONE_OF:a,b`",
    "state": "The same, of `active`, `stale` and `potentially-stale`",
    "type": "The same, of flag types",
    "lifecycle": "The same, of `initial`, `pre-live`, `live`, `completed` and `archived`",
    "createdBy": "The same, of ids of users",
    "tag": "`INCLUDE:type:value`, `DO_NOT_INCLUDE:...`, or of several, separated by commas, `INCLUDE_ALL_OF`, "
    "`INCLUDE_ANY_OF`, `EXCLUDE_IF_ANY_OF` or `EXCLUDE_ALL`",
    "segment": "The same, of names of segments",
    "status": "`environment:enabled` or `environment:disabled`; of several one is enough",
    "createdAt": "`IS_BEFORE:2026-11-22` or `IS_ON_OR_AFTER:2026-11-22`, days in UTC",
    "lastSeenAt": "The same; flags that nobody asked for are left out",
    "archived": "`IS:true`: flags in the archive instead of those in use",
    "favorite": "`IS:true`: your favourites; `IS:false`: all others",
}
SORTS = (
    *("name", "type", "project", "createdAt", "createdBy", "lastSeenAt", "archivedAt", "state", "lifecycle"),
    "favorite",
)
ORDER = {
    "sortBy": f"{', '.join(f'`{each}`' for each in SORTS)}, or `environment:` with a name: whether it is on there. "
    "By default `createdAt`",
    "sortOrder": "`asc` or `desc`",
    "favoritesFirst": "`true`: your favourites first",
    "limit": "Flags on a page, 50 by default, 100 at most",
    "offset": "How many to skip",
}
MOST_VALUES = 100
LONGEST_QUERY = 500

_ONE_OF = re.compile(r"(IS|IS_NOT|IS_ANY_OF|IS_NONE_OF):(.*)", re.DOTALL)
_SETS = re.compile(
    r"(INCLUDE|DO_NOT_INCLUDE|INCLUDE_ALL_OF|INCLUDE_ANY_OF|EXCLUDE_IF_ANY_OF|EXCLUDE_ALL):(.*)", re.DOTALL
)
_DAY = re.compile(r"(IS_BEFORE|IS_ON_OR_AFTER):(\d{4}-\d{2}-\d{2})")
_TRUTH = re.compile(r"IS:(true|false)")


class State(StrEnum):
    ACTIVE = "active"
    STALE = "stale"
    POTENTIALLY_STALE = "potentially-stale"


class OneOf(msgspec.Struct, frozen=True):
    """A value is one of these, or with `negated` none of them."""

    values: frozenset[str]
    negated: bool

    def holds(self, values: Iterable[str]) -> Iterator[bool]:
        """Whether it is true of each. Here and below the loops are those of built-in functions, several times faster
        than a call of ours for each value."""
        found = map(self.values.__contains__, values)
        return map(not_, found) if self.negated else found


class SetRule(StrEnum):
    ANY = "any"
    ALL = "all"
    NOT_ANY = "not any"
    NOT_ALL = "not all"


class Has(msgspec.Struct, frozen=True):
    """A set has these values, as the rule says."""

    rule: SetRule
    values: frozenset[Any]

    def holds(self, sets: Iterable[Set[Any]]) -> Iterator[bool]:
        match self.rule:
            case SetRule.ANY:
                return map(not_, map(self.values.isdisjoint, sets))
            case SetRule.ALL:
                return map(self.values.issubset, sets)
            case SetRule.NOT_ANY:
                return map(self.values.isdisjoint, sets)
            case SetRule.NOT_ALL:
                return map(not_, map(self.values.issubset, sets))


class Since(msgspec.Struct, frozen=True):
    """A moment is before this one, or not."""

    moment: Millis
    before: bool

    def holds(self, moments: Iterable[Millis | None]) -> Iterator[bool]:
        """Neither is true of what has not happened."""
        moment, before = self.moment, self.before
        return (at is not None and (at < moment) is before for at in moments)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is given must hold."""

    words: tuple[str, ...]
    """Lower-case; one of them is enough."""
    project: OneOf | None
    state: OneOf | None
    type: OneOf | None
    lifecycle: OneOf | None
    created_by: OneOf | None
    tag: Has | None
    segment: Has | None
    status: frozenset[tuple[str, bool]]
    """Environments with whether the flag is on there; one of them is enough."""
    created_at: Since | None
    last_seen_at: Since | None
    archived: bool
    favorite: bool | None
    sort_by: str
    descending: bool
    favorites_first: bool
    page: Page


_SET_RULES = {
    "INCLUDE": SetRule.ANY,
    "INCLUDE_ANY_OF": SetRule.ANY,
    "INCLUDE_ALL_OF": SetRule.ALL,
    "DO_NOT_INCLUDE": SetRule.NOT_ANY,
    "EXCLUDE_IF_ANY_OF": SetRule.NOT_ANY,
    "EXCLUDE_ALL": SetRule.NOT_ALL,
}


def read_question(parameters: Iterable[tuple[str, str]]) -> Question:
    """The question that a URL's parameters ask; what they leave open is not asked.

    Raises:
        BadData: a filter is repeated, has no operator that we know, or a value that cannot be.
    """
    given: dict[str, str] = {}
    status: list[tuple[str, str]] = []
    for name, value in parameters:
        if name in ("status", "status[]") or re.fullmatch(r"status\[\d+\]", name):
            status.append((name, value))
        elif name in given and name in FILTERS:
            raise _bad(name, "was given twice; list several values as IS_ANY_OF:a,b")
        else:
            given[name] = value
    return Question(
        words=_words(given.get("query", "")),
        project=_one_of(given, "project"),
        state=_one_of(given, "state", State),
        type=_one_of(given, "type"),
        lifecycle=_one_of(given, "lifecycle", Stage),
        created_by=_one_of(given, "createdBy"),
        tag=_has(given, "tag", _is_tag),
        segment=_has(given, "segment"),
        status=_status(status),
        created_at=_since(given, "createdAt"),
        last_seen_at=_since(given, "lastSeenAt"),
        archived=_truth(given, "archived") is True,
        favorite=_truth(given, "favorite"),
        sort_by=_sort_by(given.get("sortBy") or "createdAt"),
        descending=read_word("sortOrder", given.get("sortOrder"), "asc", "desc"),
        favorites_first=read_word("favoritesFirst", given.get("favoritesFirst"), "false", "true"),
        page=read_page(given.get("limit"), given.get("offset"), default=50, largest=100),
    )


def _words(text: str) -> tuple[str, ...]:
    if len(text) > LONGEST_QUERY:
        raise _bad("query", f"has at most {LONGEST_QUERY} characters")
    return tuple(word for part in text.split(",") if (word := part.strip().lower()))


def _one_of(given: Mapping[str, str], name: str, known: Iterable[str] | None = None) -> OneOf | None:
    if name not in given:
        return None
    match = _ONE_OF.fullmatch(given[name])
    if match is None:
        raise _bad(name, "must look like IS:a, IS_NOT:a, IS_ANY_OF:a,b or IS_NONE_OF:a,b")
    values = _values(name, match[2])
    if known is not None and (unknown := sorted(values - set(known))):
        raise _bad(name, f"knows {', '.join(known)}, and not {unknown[0][:40]!r}")
    return OneOf(values, match[1] in ("IS_NOT", "IS_NONE_OF"))


def _has(given: Mapping[str, str], name: str, possible: Callable[[str], bool] = bool) -> Has | None:
    if name not in given:
        return None
    match = _SETS.fullmatch(given[name])
    if match is None:
        raise _bad(name, f"must begin with one of {', '.join(_SET_RULES)}, and a colon")
    values = _values(name, match[2])
    if not all(possible(value) for value in values):
        raise _bad(name, "takes tags as type:value")
    return Has(_SET_RULES[match[1]], values)


def _is_tag(text: str) -> bool:
    type_, colon, value = text.partition(":")
    return bool(type_ and colon and value)


def _values(name: str, text: str) -> frozenset[str]:
    values = frozenset(value for each in text.split(",") if (value := each.strip()))
    if not values:
        raise _bad(name, "names no value; leave it out to find all")
    if len(values) > MOST_VALUES:
        raise _bad(name, f"takes at most {MOST_VALUES} values")
    return values


def _status(given: list[tuple[str, str]]) -> frozenset[tuple[str, bool]]:
    found = set()
    for name, text in given:
        environment, _, state = text.rpartition(":")
        if not environment or state not in ("enabled", "disabled"):
            raise _bad(name, "must look like environment:enabled or environment:disabled")
        found.add((environment, state == "enabled"))
    if len(found) > MOST_VALUES:
        raise _bad("status", f"takes at most {MOST_VALUES} values")
    return frozenset(found)


def _since(given: Mapping[str, str], name: str) -> Since | None:
    if name not in given:
        return None
    match = _DAY.fullmatch(given[name])
    if match is None:
        raise _bad(name, "must look like IS_BEFORE:2026-11-22 or IS_ON_OR_AFTER:2026-11-22")
    try:
        day = date.fromisoformat(match[2])
    except ValueError as error:
        raise _bad(name, f"names a day that does not exist: {match[2]}") from error
    return Since(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000, match[1] == "IS_BEFORE")


def _sort_by(name: str) -> str:
    if name not in SORTS and not re.fullmatch(r"environment:.+", name, re.DOTALL):
        raise _bad("sortBy", f"is one of {', '.join(SORTS)}, or environment: with a name; not {name[:50]}")
    return name


def _truth(given: Mapping[str, str], name: str) -> bool | None:
    if name not in given:
        return None
    match = _TRUTH.fullmatch(given[name])
    if match is None:
        raise _bad(name, "must be IS:true or IS:false")
    return match[1] == "true"


def _bad(name: str, problem: str) -> BadData:
    return BadData(f"The parameter {name} {problem}.", Detail(f"{name} {problem}", f"/query/{name}"))
