"""The filter language of SCIM (RFC 7644, section 3.4.2.2), and paths of PATCH (section 3.5.2)."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from flagkeeper.features.scim.model.error import ScimError

Document = Mapping[str, Any]
"""A resource, or a part of one, as JSON."""
Test = Callable[[Document], bool]

LONGEST = 2000
DEEPEST = 20
_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([()\[\]])|([^\s()\[\]"]+))')
_PATH = re.compile(r"(?P<name>[^\[\].\s]+)(?:\[(?P<test>.*)\])?(?:\.(?P<sub>[^\[\].\s]+))?", re.DOTALL)
_EXACT = frozenset({"id", "externalid"})
"""Attributes whose case counts."""
_ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": lambda found, wanted: found > wanted,
    "ge": lambda found, wanted: found >= wanted,
    "lt": lambda found, wanted: found < wanted,
    "le": lambda found, wanted: found <= wanted,
}
_TEXTUAL: Mapping[str, Callable[[str, str], bool]] = {
    "co": lambda found, wanted: wanted in found,
    "sw": lambda found, wanted: found.startswith(wanted),
    "ew": lambda found, wanted: found.endswith(wanted),
}


class Path(msgspec.Struct, frozen=True):
    """Where in a resource a change is made: `members[value eq "7"]`, `emails[type eq "work"].value`."""

    name: str
    test: Test | None
    text: str
    """Of the test."""
    sub: str | None


def read_filter(text: str) -> Test:
    """Raises `ScimError`."""
    if len(text) > LONGEST:
        raise _bad("it is too long")
    return _Parser(text).whole()


def read_path(text: str) -> Path:
    """Raises `ScimError`."""
    found = _PATH.fullmatch(without_schema(text.strip()))
    if found is None:
        raise ScimError(400, f"The path {text[:100]!r} cannot be read.", "invalidPath")
    test = found["test"]
    return Path(found["name"], None if test is None else read_filter(test), test or "", found["sub"])


def without_schema(name: str) -> str:
    """The name of an attribute without the schema before it (`urn:...:User:userName`)."""
    head, bracket, rest = name.partition("[")
    return f"{head.rpartition(':')[2]}{bracket}{rest}" if head.lower().startswith("urn:") else name


def child(document: Document, name: str) -> Any:
    """The value of an attribute; names have no case."""
    wanted = name.lower()
    return next((value for key, value in document.items() if key.lower() == wanted), None)


class _Parser:
    """By recursive descent: `or` binds less than `and`, and that less than `not`."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._place = 0
        self._depth = 0

    def whole(self) -> Test:
        test = self._any()
        if self._place != len(self._tokens):
            raise _bad(f"{self._tokens[self._place]!r} is not expected there")
        return test

    def _any(self) -> Test:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _bad("it nests too deep")
        tests = [self._all()]
        while self._takes("or"):
            tests.append(self._all())
        self._depth -= 1
        return lambda document: any(test(document) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._takes("and"):
            tests.append(self._one())
        return lambda document: all(test(document) for test in tests)

    def _one(self) -> Test:
        if self._takes("not"):
            self._demand("(")
            inner = self._closed(")")
            return lambda document: not inner(document)
        if self._takes("("):
            return self._closed(")")
        names = without_schema(self._next()).split(".")
        if self._takes("["):
            return self._some(names)
        return self._compared(names)

    def _some(self, names: list[str]) -> Test:
        """Members that are chosen by a filter, and perhaps one of their parts: `emails[type eq "work"].value`, which
        is the form of a path and not of a filter, and what Entra ID sends."""
        inside = self._closed("]")
        below = self._next()[1:].split(".") if self._part_follows() else None
        test = inside if below is None else self._compared(below)
        return lambda document: any(
            inside(each) and test(each) for each in _values(document, names, whole=True) if isinstance(each, Mapping)
        )

    def _part_follows(self) -> bool:
        return self._place < len(self._tokens) and self._tokens[self._place].startswith(".")

    def _compared(self, names: list[str]) -> Test:
        operator = self._next().lower()
        if operator == "pr":
            return lambda document: any(value not in (None, "", [], {}) for value in _values(document, names))
        return _comparison(names, operator, self._value())

    def _closed(self, bracket: str) -> Test:
        inner = self._any()
        self._demand(bracket)
        return inner

    def _value(self) -> Any:
        token = self._next()
        try:
            return msgspec.json.decode(token.encode())
        except msgspec.DecodeError as error:
            raise _bad(f"{token!r} is no value; texts stand in double quotes") from error

    def _takes(self, word: str) -> bool:
        taken = self._place < len(self._tokens) and self._tokens[self._place].lower() == word
        self._place += taken
        return taken

    def _demand(self, word: str) -> None:
        if not self._takes(word):
            raise _bad(f"{word!r} is missing")

    def _next(self) -> str:
        if self._place == len(self._tokens):
            raise _bad("it ends too early")
        self._place += 1
        return self._tokens[self._place - 1]


def _tokens(text: str) -> Iterator[str]:
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None:
            raise _bad("a quote is not closed")
        yield next(part for part in found.groups() if part is not None)
        place = found.end()


def _comparison(names: list[str], operator: str, wanted: Any) -> Test:
    exact = names[-1].lower() in _EXACT
    wanted = wanted if exact else _folded(wanted)
    if operator in ("eq", "ne"):
        equal = operator == "eq"
        return lambda document: (
            equal is any((value if exact else _folded(value)) == wanted for value in _values(document, names) or [None])
        )
    test: Callable[[Any, Any], bool] | None = _TEXTUAL.get(operator) or _ORDERED.get(operator)
    if test is None:
        raise _bad(f"{operator!r} is no operator")
    if not isinstance(wanted, str):
        raise _bad(f"{operator!r} compares texts")
    return lambda document: any(
        test(value if exact else _folded(value), wanted) for value in _values(document, names) if isinstance(value, str)
    )


def _values(document: Document, names: list[str], *, whole: bool = False) -> list[Any]:
    """What stands there: of a list, every member; of a member with several parts its `value`, unless it is wanted as a
    whole."""
    found: list[Any] = [document]
    for name in names:
        below = [child(each, name) for each in found if isinstance(each, Mapping)]
        found = [
            each for value in below if value is not None for each in (value if isinstance(value, list) else [value])
        ]
    return found if whole else [child(each, "value") if isinstance(each, Mapping) else each for each in found]


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _bad(why: str) -> ScimError:
    return ScimError(400, f"The filter cannot be read: {why}.", "invalidFilter")
