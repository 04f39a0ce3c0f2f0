"""Reading the language. Every error says where it is and what may stand there."""

import difflib
import re
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import msgspec

from flagkeeper.eventlog.query.conditions import Changed, Condition, EventQuery, Field, Is, Word, containing
from flagkeeper.eventlog.query.content import LONGEST_KEY, fold, words_of
from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, Detail

LONGEST_QUERY = 2_000
MOST_CONDITIONS = 50
_LARGEST_ID = 2**63 - 1

_NAMES = {
    **{field.value: field for field in Field},
    "environment": Field.ENVIRONMENT,
    "feature": Field.FLAG,
    "createdby": Field.BY,
    "groupid": Field.GROUP,
}
_OTHERS = ("changed", "since", "until")
_HELP = "type, project, env, flag, by, user, group, id, changed, since and until"

_TERM = re.compile(r'(?P<sign>-?)(?:(?P<field>[A-Za-z]+):)?(?P<rest>(?:"(?:[^"\\]|\\.)*"|[^\s"])*)', re.DOTALL)
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s",]+)', re.DOTALL)
_AGO = re.compile(r"(\d{1,6})(m|h|d|w)")
_UNITS = {"m": clock.MINUTE, "h": clock.HOUR, "d": clock.DAY, "w": 7 * clock.DAY}


class _Value(msgspec.Struct, frozen=True):
    text: str
    quoted: bool
    at: int


def parse(text: str, now: Millis, parameter: str = "q") -> EventQuery:
    """The query that `text` writes down; `now` is what `since:2h` counts from.

    Raises:
        BadData: naming the position (the first character is 1) in the parameter `parameter`.
    """
    return _Parser(text, now, parameter).query()


class _Parser:
    def __init__(self, text: str, now: Millis, parameter: str) -> None:
        self._text = text
        self._now = now
        self._parameter = parameter
        self._conditions: list[Condition] = []
        self._since: Millis | None = None
        self._until: Millis | None = None

    def query(self) -> EventQuery:
        if len(self._text) > LONGEST_QUERY:
            self._refuse(LONGEST_QUERY, f"A query has at most {LONGEST_QUERY} characters")
        position = 0
        while (start := self._next(position)) < len(self._text):
            position = self._term(start)
            if len(self._conditions) > MOST_CONDITIONS:
                self._refuse(start, f"A query has at most {MOST_CONDITIONS} conditions")
        return EventQuery(conditions=tuple(self._conditions), since=self._since, until=self._until)

    def _next(self, position: int) -> int:
        while position < len(self._text) and self._text[position].isspace():
            position += 1
        return position

    def _term(self, start: int) -> int:
        match = _TERM.match(self._text, start)
        if match is None or match.end() == start:
            self._refuse(start, "A quotation mark is opened and never closed")
        end = match.end()
        if end < len(self._text) and not self._text[end].isspace():
            self._refuse(end, "A quotation mark is opened and never closed")
        negated = bool(match["sign"])
        name, rest, at = match["field"], match["rest"], match.start("rest")
        if not rest:
            self._refuse(start, f"{name}: needs a value" if name else "A minus sign needs something to exclude")
        if name is None:
            self._conditions.append(self._free(rest, at, negated))
        else:
            self._field(name, start + len(match["sign"]), rest, at, negated)
        return end

    def _free(self, rest: str, at: int, negated: bool) -> Condition:
        if rest.startswith('"'):
            values = self._values(rest, at)
            if len(values) != 1:
                self._refuse(at, "Only the values of a field can be listed with commas")
            if not values[0].text.strip():
                self._refuse(at, "The quotation marks are empty")
            return containing(values[0].text, negated=negated)
        if '"' in rest:
            self._refuse(at + rest.index('"'), "A quotation mark may only stand at the beginning of a word")
        start = _word(rest)
        if not start:
            self._refuse(at, f"{rest} has no letters or digits; write it in quotation marks to find it as it is")
        return Word(start=start, negated=negated)

    def _field(self, name: str, name_at: int, rest: str, at: int, negated: bool) -> None:
        field = _NAMES.get(name.lower())
        if field is not None:
            self._conditions.append(self._is(field, self._values(rest, at), negated))
        elif name.lower() == "changed":
            self._conditions.append(self._changed(self._values(rest, at), negated))
        elif name.lower() in ("since", "until"):
            if negated:
                self._refuse(name_at - 1, f"{name}: cannot be excluded; use the other of since: and until:")
            self._moment(name.lower(), self._values(rest, at), name_at)
        else:
            near = difflib.get_close_matches(name.lower(), [*_NAMES, *_OTHERS], n=1)
            hint = f"did you mean {near[0]}:?" if near else f"there are {_HELP}."
            self._refuse(name_at, f"There is no field {name}: {hint} Quotation marks search for it as text")

    def _values(self, rest: str, at: int) -> list[_Value]:
        values = []
        position = 0
        while True:
            match = _VALUE.match(rest, position)
            if match is None:
                self._refuse(at + position, "A value is missing")
            quoted = match[1] is not None
            text = re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL) if quoted else match[2]
            values.append(_Value(text, quoted, at + position))
            position = match.end()
            if position == len(rest):
                return values
            if rest[position] != ",":
                self._refuse(at + position, "Values are separated by commas, without blanks")
            position += 1

    def _is(self, field: Field, values: list[_Value], negated: bool) -> Is:
        exact: list[str] = []
        patterns: list[str] = []
        for value in values:
            text = fold(value.text) if field is Field.BY else value.text
            if field in (Field.ID, Field.USER):
                exact.append(self._number(field, value))
            elif "*" in text and not value.quoted:
                patterns.append(text)
            else:
                exact.append(text)
        return Is(field=field, values=tuple(exact), patterns=tuple(patterns), negated=negated)

    def _number(self, field: Field, value: _Value) -> str:
        try:
            number = int(value.text)
        except ValueError:
            number = _LARGEST_ID + 1
        if abs(number) > _LARGEST_ID or not value.text.isascii():
            self._refuse(value.at, f"{field}: takes whole numbers, not {value.text[:50]}")
        return str(number)

    def _changed(self, values: list[_Value], negated: bool) -> Changed:
        path = tuple(fold(key)[:LONGEST_KEY] for key in values[0].text.split("."))
        if len(values) > 1 or not all(path):
            at = values[-1].at
            self._refuse(at, "changed: takes keys with dots between them, as in changed:strategies.rollout")
        return Changed(path=path, negated=negated)

    def _moment(self, name: str, values: list[_Value], at: int) -> None:
        if len(values) != 1 or (self._since if name == "since" else self._until) is not None:
            self._refuse(at, f"There can be only one {name}:")
        moment = self._read_moment(values[0], end_of_day=name == "until")
        if name == "since":
            self._since = moment
        else:
            self._until = moment

    def _read_moment(self, value: _Value, *, end_of_day: bool) -> Millis:
        if ago := _AGO.fullmatch(value.text):
            return max(0, self._now - int(ago[1]) * _UNITS[ago[2]])
        try:
            moment = datetime.fromisoformat(value.text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            if end_of_day and len(value.text) == len("2026-11-22"):
                moment += timedelta(days=1)
            return clock.of_datetime(moment)
        except (ValueError, OverflowError):
            self._refuse(value.at, f"{value.text[:50]} is no moment: write 30m, 2h, 7d, 2w, 2026-11-22 or an ISO time")

    def _refuse(self, at: int, problem: str) -> NoReturn:
        message = f"{problem} (position {at + 1} of the query)."
        raise BadData(message, Detail(message, f"/query/{self._parameter}"))


def _word(text: str) -> str:
    """The first and longest of the words that `text` is: `checkout-v2` of `(checkout-v2)`."""
    found = words_of(text)
    return found[0] if found else ""
