"""What a query says: conditions that must all hold, and what a reader may see at all."""

import re
from enum import StrEnum

import msgspec

from flagkeeper.eventlog.query.content import is_generated
from flagkeeper.kernel.clock import Millis, to_iso


class Field(StrEnum):
    """What an event's envelope can be asked about, by the name that the language has for it."""

    ID = "id"
    TYPE = "type"
    PROJECT = "project"
    ENVIRONMENT = "env"
    FLAG = "flag"
    BY = "by"
    """The name under which the actor stands in the event, whatever the case."""
    USER = "user"
    """The actor's number."""
    GROUP = "group"
    """What all events of one request have in common."""


class Is(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The field is one of `values`, or looks like one of `patterns` (where `*` stands for any text)."""

    field: Field
    values: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    negated: bool = False


class Word(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Some word of the event begins with `start`, which is folded (`content.fold`)."""

    start: str
    negated: bool = False


class Text(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Some name or value contains `part`, whatever the case."""

    part: str
    negated: bool = False


class Changed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Some field that differs between `preData` and `data` has these keys on its path, in this order."""

    path: tuple[str, ...]
    negated: bool = False


Condition = Is | Word | Text | Changed


class EventQuery(msgspec.Struct, frozen=True, kw_only=True):
    """All `conditions` hold, and the event happened at `since` or later, and before `until`."""

    conditions: tuple[Condition, ...] = ()
    since: Millis | None = None
    until: Millis | None = None

    def __str__(self) -> str:
        """The query in its own language, with moments in full."""
        words = [_written(condition) for condition in self.conditions]
        if self.since is not None:
            words.append(f"since:{to_iso(self.since)}")
        if self.until is not None:
            words.append(f"until:{to_iso(self.until)}")
        return " ".join(words)


ALL = EventQuery()
"""Every event."""


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader may see. People who are no administrators see events that have a project, save those of private
    projects of which they are no members (design, section 5, rule 8)."""

    everything: bool = False
    hidden_projects: frozenset[str] = frozenset()


EVERYTHING = Sight(everything=True)
"""What administrators see."""


def condition(field: Field, *values: str, negated: bool = False) -> Is:
    """The plain condition that a field is exactly one of `values`."""
    return Is(field=field, values=values, negated=negated)


def containing(part: str, *, negated: bool = False) -> Word | Text:
    """The condition that some name or value contains `part`. What a machine generated is kept as one word, and looked
    for as such."""
    if is_generated(part):
        return Word(start=part.lower(), negated=negated)
    return Text(part=part, negated=negated)


_PLAIN = re.compile(r'[^\s",:*-][^\s",:*]*')


def _written(condition: Condition) -> str:
    sign = "-" if condition.negated else ""
    match condition:
        case Is(field=field, values=values, patterns=patterns):
            return f"{sign}{field}:" + ",".join([*(_quoted(value) for value in values), *patterns])
        case Word(start=start):
            return sign + start
        case Text(part=part):
            return f'{sign}"{_escaped(part)}"'
        case Changed(path=path):
            return f"{sign}changed:{'.'.join(path)}"


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else f'"{_escaped(value)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
