"""Reading the language. Every error says where it is and what may stand there.

any   = all ("OR" all)*
all   = one (["AND"] one)*
one   = ["NOT" | "-"] ( "(" any ")" | field:values | keys>amount | word | "text" )
"""

import difflib
import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NoReturn

import msgspec

from flagkeeper.eventlog.catalogue import EVENTS
from flagkeeper.eventlog.query.conditions import (
    MAY_BE_ABSENT,
    NONE,
    Changed,
    Compared,
    Condition,
    Either,
    EventQuery,
    Field,
    Is,
    Sign,
    Word,
    containing,
    negation,
)
from flagkeeper.eventlog.query.content import LONGEST_KEY, amount_of, fold, words_of
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import ActorKind
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, Detail

LONGEST_QUERY = 2_000
"""Characters."""
MOST_CONDITIONS = 50
MOST_PATTERNS = 10
"""Values with a `*`, in all conditions: each is compared with every name that there is."""
_LARGEST_ID = 2**63 - 1

_NAMES = {
    **{field.value: field for field in Field},
    "environment": Field.ENVIRONMENT,
    "feature": Field.FLAG,
    "createdby": Field.BY,
    "groupid": Field.GROUP,
}
_ACTORS = tuple(kind.value for kind in ActorKind)
_OTHERS = ("changed", "since", "until")
_HELP = "type, project, env, flag, by, user, actor, reason, ticket, cause, group, id, changed, since and until"

_TERM = re.compile(r'(?P<sign>-?)(?:(?P<field>[A-Za-z]+):)?(?P<rest>(?:"(?:[^"\\]|\\.)*"|[^\s"])*)', re.DOTALL)
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s",]+)', re.DOTALL)
_SIGN = re.compile(r"[][(){}=!<>|&^~]|\*(?!$)")
"""What other languages have signs for. `*` at the end of a word says what is true of all words: it may go on."""
_SIGN_OF_VALUE = re.compile(r"^[][(){}!^~]|[=<>|&]")
"""Names may have brackets, exclamation marks and tildes in them."""
DEEPEST = 10
"""Brackets in each other."""
_OPERATOR = re.compile(r"(AND|OR|NOT)(?=[\s()]|\Z)")
_COMPARISON = re.compile(r"(?P<said>data\.)?(?P<keys>[\w$-]+(?:\.[\w$-]+)*)(?P<sign>[<>]=?)(?P<amount>.*)", re.DOTALL)
_AMOUNT = re.compile(r"[\d.-]+", re.ASCII)
_OPENING = re.compile(r"(-?)\(")
_QUOTED_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[()]', re.DOTALL)
_NOWHERE = (-1, "")
_MEANT = re.compile(r"[^\s,]*")
_AGO = re.compile(r"(\d{1,6})(m|h|d|w)")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LIKE = 0.75
"""How much alike a word and a known one must be to be taken for a slip of the pen."""


class _Value(msgspec.Struct, frozen=True):
    text: str
    quoted: bool
    at: int


def parse(text: str, now: Millis, parameter: str = "q", *, zone: tzinfo = UTC, typed: bool = False) -> EventQuery:
    """The query that `text` writes down; `now` is what `since:2h` counts from, and days are those of `zone`.

    A type that nobody knows is no error: a newer server may have written such events. It is one if somebody `typed` the
    query just now, and the type is almost a known one.

    Raises:
        BadData: naming the position (the first character is 1) in the parameter `parameter`, how many characters are
            meant, and what may have been meant instead.
    """
    return _Parser(text, now, parameter, zone, typed).query()


class _Parser:
    def __init__(self, text: str, now: Millis, parameter: str, zone: tzinfo, typed: bool) -> None:
        self._text = text
        self._now = now
        self._parameter = parameter
        self._zone = zone
        self._typed = typed
        self._position = 0
        self._depth = 0
        self._read = 0
        """Conditions so far."""
        self._conditions: list[Condition] = []
        """Of the alternative that is being read."""
        self._whole = _NOWHERE
        """Where something stands that can only hold for a whole query, and what it is."""
        self._patterns = 0
        self._since: Millis | None = None
        self._until: Millis | None = None

    def query(self) -> EventQuery:
        if len(self._text) > LONGEST_QUERY:
            self._refuse(LONGEST_QUERY, f"A query has at most {LONGEST_QUERY} characters")
        alternatives = self._any()
        if self._position < len(self._text):
            self._refuse(self._position, "This bracket was never opened", 1)
        at, name = self._whole
        if len(alternatives) > 1 and name:
            self._refuse(at, f"{name}: holds for the whole query; put what OR is between into brackets", len(name))
        conditions = alternatives[0] if len(alternatives) == 1 else (Either(of=alternatives),)
        return EventQuery(conditions=conditions, since=self._since, until=self._until)

    def _any(self) -> tuple[tuple[Condition, ...], ...]:
        """Alternatives, up to the end or to a bracket that closes. Only a query may be empty that has no others."""
        outside = self._conditions
        alternatives: list[tuple[Condition, ...]] = []
        last: int | None = None
        while True:
            self._conditions = []
            moment = self._all()
            operator = self._operator("OR")
            if not self._conditions and (operator is not None or alternatives or self._depth) and not moment:
                at = next((each for each in (last, operator) if each is not None), self._position)
                self._refuse(at, "Something must stand on both sides of OR, and between brackets")
            alternatives.append(tuple(self._conditions))
            last = operator
            if operator is None:
                break
        self._conditions = outside
        return tuple(alternatives)

    def _all(self) -> bool:
        """Everything that must hold together. Returns whether some of it was a moment, which is no condition."""
        begun, moment = self._read, False
        while (start := self._next()) < len(self._text) and self._text[start] != ")":
            operator = self._operator("AND")
            if operator is not None and (self._read == begun or self._ends()):
                self._refuse(operator, "Something must stand on both sides of AND")
            if operator is None and (match := _OPERATOR.match(self._text, start)) and match[1] == "OR":
                break
            before = len(self._conditions)
            self._one()
            moment |= len(self._conditions) == before
        return moment

    def _one(self) -> None:
        start, negated = self._next(), False
        while (operator := self._operator("NOT")) is not None:
            negated = not negated
            if self._ends():
                self._refuse(operator, "NOT needs something to exclude")
        self._read += 1
        if self._read > MOST_CONDITIONS:
            self._refuse(start, f"A query has at most {MOST_CONDITIONS} conditions")
        if opening := _OPENING.match(self._text, self._next()):
            self._group(opening, negated is not bool(opening[1]))
        else:
            self._term(self._next(), negated)

    def _group(self, opening: re.Match[str], negated: bool) -> None:
        at = opening.end() - 1
        if self._depth == DEEPEST:
            self._refuse(at, f"At most {DEEPEST} brackets may stand in each other", 1)
        whole, self._whole = self._whole, _NOWHERE
        self._position = opening.end()
        self._depth += 1
        alternatives = self._any()
        self._depth -= 1
        if self._position == len(self._text):
            self._refuse(at, "This bracket is opened and never closed", 1)
        where, name = self._whole
        if name:
            self._refuse(where, f"{name}: holds for the whole query and cannot stand in brackets", len(name))
        self._whole = whole
        self._position += 1
        if self._position < len(self._text) and self._text[self._position] not in " \t\n\r)":
            self._refuse(self._position, "After a bracket comes a blank")
        if negated:
            self._conditions += negation(alternatives)
        elif len(alternatives) == 1:
            self._conditions += alternatives[0]
        else:
            self._conditions.append(Either(of=alternatives))

    def _operator(self, name: str) -> int | None:
        """Reads the operator if it comes next. Returns where it stood."""
        start = self._next()
        match = _OPERATOR.match(self._text, start)
        if match is None or match[1] != name:
            return None
        self._position = match.end()
        return start

    def _ends(self) -> bool:
        """Whether nothing follows that an operator could be about."""
        start = self._next()
        match = _OPERATOR.match(self._text, start)
        return start == len(self._text) or self._text[start] == ")" or (match is not None and match[1] != "NOT")

    def _next(self) -> int:
        """The position of what comes next, a blank or not."""
        while self._position < len(self._text) and self._text[self._position].isspace():
            self._position += 1
        return self._position

    def _end_of_word(self, start: int, end: int) -> int:
        """In brackets, a word ends before the bracket that closes and was not opened in it."""
        opened = 0
        for found in _QUOTED_OR_BRACKET.finditer(self._text, start, end):
            opened += {"(": 1, ")": -1}.get(found[0], 0)
            if opened < 0:
                return found.start()
        return end

    def _term(self, start: int, negated: bool) -> None:
        match = _TERM.match(self._text, start)
        if match is None or match.end() == start:
            self._refuse(start, "A quotation mark is opened and never closed")
        end = match.end()
        if end < len(self._text) and not self._text[end].isspace():
            self._refuse(end, "A quotation mark is opened and never closed")
        at = match.start("rest")
        if self._depth:
            end = self._end_of_word(at, end)
        self._position = end
        name, rest = match["field"], self._text[at:end]
        negated = negated is not bool(match["sign"])
        if not rest:
            self._refuse(start, f"{name}: needs a value" if name else "A minus sign needs something to exclude")
        if name is None:
            self._conditions.append(self._free(rest, at, negated))
        else:
            self._field(name, start + len(match["sign"]), rest, at, negated)

    def _free(self, rest: str, at: int, negated: bool) -> Condition:
        if rest.startswith('"'):
            values = self._values(rest, at)
            if len(values) != 1:
                self._refuse(at, "Only the values of a field can be listed with commas")
            if not values[0].text.strip():
                self._refuse(at, "The quotation marks are empty")
            return containing(values[0].text, negated=negated)
        if compared := _COMPARISON.fullmatch(rest):
            return self._compared(compared, at, negated)
        if '"' in rest:
            self._refuse(at + rest.index('"'), "A quotation mark may only stand at the beginning of a word")
        if _OPERATOR.fullmatch(rest):
            self._refuse(at, f"{rest} cannot be excluded; in quotation marks it is text")
        self._demand_no_sign(_SIGN, rest, at)
        start = _word(rest)
        if not start:
            self._refuse(at, f"{rest} has no letters or digits; write it in quotation marks to find it as it is")
        return Word(start=start, negated=negated)

    def _compared(self, match: re.Match[str], at: int, negated: bool) -> Compared:
        keys, text = match["keys"], match["amount"]
        if not match["said"] and keys.lower() in (*_NAMES, *_OTHERS):
            problem = f"{keys} cannot be more or less; data.{keys}{match['sign']}... compares what the event says"
            self._refuse(at, problem, len(keys))
        amount = amount_of(text) if _AMOUNT.fullmatch(text) else None
        if amount is None or (isinstance(amount, str) and not _is_day(amount)):
            problem = f"{match['sign']} takes a number such as 50, or a day such as 2026-11-22"
            self._refuse(at + match.start("amount"), f"{problem}; quotation marks search for it as text")
        path = tuple(fold(key)[:LONGEST_KEY] for key in keys.split("."))
        return Compared(path=path, sign=Sign(match["sign"]), amount=amount, negated=negated)

    def _field(self, name: str, name_at: int, rest: str, at: int, negated: bool) -> None:
        field = _NAMES.get(name.lower())
        if field is Field.ID or name.lower() in ("since", "until"):
            self._whole = self._whole if self._whole != _NOWHERE else (name_at, name)
        if field is Field.REASON:
            self._conditions.append(self._reason(self._values(rest, at), negated))
        elif field is not None:
            self._conditions.append(self._is(field, self._values(rest, at), negated))
        elif name.lower() == "changed":
            self._conditions.append(self._changed(self._values(rest, at), negated))
        elif name.lower() in ("since", "until"):
            if negated:
                self._refuse(name_at, f"{name}: cannot be excluded; use the other of since: and until:", len(name))
            self._moment(name.lower(), self._values(rest, at), name_at)
        else:
            near = _nearest(name.lower(), (*_NAMES, *_OTHERS), 0.6)
            hint = f"did you mean {near}:?" if near else f"there are {_HELP}."
            problem = f"There is no field {name}: {hint} Quotation marks search for it as text"
            self._refuse(name_at, problem, len(name), near)

    def _values(self, rest: str, at: int) -> list[_Value]:
        values = []
        position = 0
        while True:
            match = _VALUE.match(rest, position)
            if match is None:
                self._refuse(at + position, "A value is missing")
            quoted = match[1] is not None
            text = re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL) if quoted else match[2]
            if not quoted:
                self._demand_no_sign(_SIGN_OF_VALUE, text, at + position)
            values.append(_Value(text, quoted, at + position))
            position = match.end()
            if position == len(rest):
                return values
            if rest[position] != ",":
                self._refuse(at + position, "Values are separated by commas, without blanks")
            position += 1

    def _reason(self, values: list[_Value], negated: bool) -> Word:
        value = values[0]
        start = _word(value.text)
        if len(values) > 1 or not (start or value.text == "*") or len(value.text.split()) > 1:
            self._refuse(value.at, "reason: takes one word, or * for any; reason:a reason:b asks for both")
        return Word(start=start, field=Field.REASON, negated=negated)

    def _is(self, field: Field, values: list[_Value], negated: bool) -> Is:
        exact: list[str] = []
        patterns: list[str] = []
        absent = False
        for value in values:
            text = fold(value.text) if field in (Field.BY, Field.TICKET) else value.text
            if field in (Field.ID, Field.USER):
                exact.append(self._number(field, value))
            elif field is Field.ACTOR and text not in _ACTORS and (value.quoted or "*" not in text):
                problem = f"There is no kind of actor {text[:50]}: there are {', '.join(_ACTORS)}"
                self._refuse(value.at, problem, suggestion=_nearest(text.lower(), _ACTORS))
            elif field is Field.CAUSE and "*" in text and not value.quoted:
                self._refuse(value.at, "cause: takes a kind, or kind and id, as in cause:event/4711, without a star")
            elif "*" in text and not value.quoted:
                if (end := self._end_of_word(value.at, value.at + len(text))) < value.at + len(text):
                    self._refuse(end, "A bracket in a value with a star must be opened in it", 1)
                patterns.append(text)
                self._patterns += 1
                if self._patterns > MOST_PATTERNS:
                    self._refuse(value.at, f"A query has at most {MOST_PATTERNS} values with a star")
            elif text == NONE and not value.quoted and field in MAY_BE_ABSENT:
                absent = True
            else:
                if self._typed and field is Field.TYPE and not value.quoted:
                    self._demand_no_slip(value)
                exact.append(text)
        return Is(field=field, values=tuple(exact), patterns=tuple(patterns), absent=absent, negated=negated)

    def _demand_no_slip(self, value: _Value) -> None:
        near = None if value.text in EVENTS else _nearest(value.text.lower(), tuple(EVENTS))
        if near:
            problem = f"There is no type {value.text[:50]}: did you mean {near}? Quotation marks search for it as it is"
            self._refuse(value.at, problem, suggestion=near)

    def _number(self, field: Field, value: _Value) -> str:
        try:
            number = int(value.text)
        except ValueError:
            number = _LARGEST_ID + 1
        if abs(number) > _LARGEST_ID or not value.text.isascii():
            self._refuse(value.at, f"{field}: takes whole numbers, not {value.text[:50]}")
        return str(number)

    def _changed(self, values: list[_Value], negated: bool) -> Changed:
        if "*" in values[0].text and not values[0].quoted:
            self._refuse(values[0].at, "changed: takes whole keys, without a star")
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
        now = clock.to_datetime(self._now)
        if ago := _AGO.fullmatch(value.text):
            return _before(now if ago[2] in "mh" else now.astimezone(self._zone), int(ago[1]) * _UNITS[ago[2]])
        try:
            text = now.astimezone(self._zone).date().isoformat() if value.text == "today" else value.text
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=self._zone)
            if end_of_day and len(text) == len("2026-11-22"):
                moment += timedelta(days=1)
            return clock.of_datetime(moment)
        except (ValueError, OverflowError):
            known = "30m, 2h, 7d, 2w, today, 2026-11-22 or an ISO time"
            self._refuse(value.at, f"{value.text[:50]} is no moment: write {known}")

    def _demand_no_sign(self, signs: re.Pattern[str], text: str, at: int) -> None:
        if sign := signs.search(text):
            problem = f"{sign[0]} means nothing in this language; quotation marks search for it as text"
            self._refuse(at + sign.start(), problem, len(sign[0]))

    def _refuse(self, at: int, problem: str, length: int | None = None, suggestion: str | None = None) -> NoReturn:
        """`length` is how many characters are meant: by default all up to a blank or comma."""
        message = f"{problem} (position {at + 1} of the query)."
        meant = length or max(1, _MEANT.match(self._text, at).end() - at)  # type: ignore[union-attr]  # may be empty
        place = f"/query/{self._parameter}"
        raise BadData(message, Detail(message, place, position=at + 1, length=meant, suggestion=suggestion))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _nearest(word: str, known: tuple[str, ...], alike: float = _LIKE) -> str | None:
    return next(iter(difflib.get_close_matches(word[:100], known, n=1, cutoff=alike)), None)


def _before(now: datetime, span: timedelta) -> Millis:
    """So long before, by the clock on the wall: seven days ago it was as late as now. Never before 1970."""
    try:
        return max(0, clock.of_datetime(now - span))
    except OverflowError:
        return 0


def _word(text: str) -> str:
    """The first and longest of the words that `text` is: `checkout-v2` of `(checkout-v2)`."""
    found = words_of(text)
    return found[0] if found else ""
