"""What a query says: conditions that must all hold, and what a reader may see at all."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from flagkeeper.eventlog.query.content import Amount, is_generated, shown_amount
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
    ACTOR = "actor"
    """What kind of actor it was (`kernel.actor.ActorKind`)."""
    REASON = "reason"
    """Words of the reason for the change. Only `Word` asks for them."""
    TICKET = "ticket"
    """Whatever the case."""
    CAUSE = "cause"
    """What led to the change: its kind, or kind and id, as in `event/4711`."""


class Is(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The field is one of `values`, or looks like one of `patterns` (where `*` stands for any text), or, with `absent`,
    the event has no such field."""

    field: Field
    values: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    absent: bool = False
    negated: bool = False


class Word(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Some word of the event, or of its `field`, begins with `start`, which is folded (`content.fold`)."""

    start: str
    field: Literal[Field.REASON] | None = None
    negated: bool = False


class Text(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Some name or value contains `part`, whatever the case."""

    part: str
    negated: bool = False


class Changed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Some field that differs between `preData` and `data` has these keys on its path, in this order."""

    path: tuple[str, ...]
    negated: bool = False


class Sign(StrEnum):
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="


class Compared(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Some amount in `data` with these keys on its path, in this order, compares so with `amount`: numbers with
    numbers, days (ISO, so that they compare as text) with days."""

    path: tuple[str, ...]
    sign: Sign
    amount: Amount
    negated: bool = False

    def holds(self, found: Amount) -> bool:
        match found, self.amount:
            case (float() as one, float() as other) | (str() as one, str() as other):
                return _COMPARES[self.sign](one, other)
        return False


_COMPARES: Mapping[Sign, Callable[[Any, Any], bool]] = MappingProxyType(
    {Sign.ABOVE: gt, Sign.AT_LEAST: ge, Sign.BELOW: lt, Sign.AT_MOST: le}
)


class Either(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """All conditions of at least one of the alternatives hold. Blocks of the index know no ids, so that none of them is
    about an id."""

    of: "tuple[tuple[Condition, ...], ...]"
    negated: bool = False


NONE = "none"
"""In place of a value: no such field. In quotation marks it is the value."""
MAY_BE_ABSENT = frozenset({Field.ENVIRONMENT})
"""The fields of which the language can ask that. Others have `-project:*`; an actor's kind may itself be `none`."""

Condition = Is | Word | Text | Changed | Compared | Either


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


def depends_on_text(condition: Condition) -> bool:
    """Whether the index has to look at values to answer it, of which there may be too many."""
    match condition:
        case Text():
            return True
        case Either(of=alternatives):
            return any(depends_on_text(each) for alternative in alternatives for each in alternative)
    return False


def negation(alternatives: tuple[tuple[Condition, ...], ...]) -> tuple[Condition, ...]:
    """Conditions that all hold where no alternative does, in the one form that the language gives back as it is."""
    if len(alternatives) == len(alternatives[0]) == 1:
        (only,) = alternatives[0]
        turned = msgspec.structs.replace(only, negated=not only.negated)
        plain = isinstance(turned, Either) and not turned.negated and len(turned.of) == 1
        return turned.of[0] if plain and isinstance(turned, Either) else (turned,)
    return (Either(of=alternatives, negated=True),)


ALL = EventQuery()
"""Every event."""


class Visibility(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader may see. People who are no administrators see events that have a project, save those of private
    projects of which they are no members."""

    everything: bool = False
    hidden_projects: frozenset[str] = frozenset()


EVERYTHING = Visibility(everything=True)
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


_PLAIN = re.compile(r"[\w.@/][\w.@/-]*")


def _written(condition: Condition) -> str:
    sign = "-" if condition.negated else ""
    match condition:
        case Is(field=field, values=values, patterns=patterns, absent=absent):
            written = [*(_value(field, value) for value in values), *patterns, *([NONE] if absent else [])]
            return f"{sign}{field}:" + ",".join(written)
        case Word(start=start, field=None):
            return sign + start
        case Word(start=start, field=field):
            return f"{sign}{field}:{start or '*'}"
        case Text(part=part):
            return f'{sign}"{_escaped(part)}"'
        case Changed(path=path):
            return f"{sign}changed:{_quoted('.'.join(path))}"
        case Compared(path=path, sign=compares, amount=amount):
            return f"{sign}data.{'.'.join(path)}{compares}{shown_amount(amount)}"
        case Either(of=alternatives):
            return f"{sign}({' OR '.join(' '.join(map(_written, alternative)) for alternative in alternatives)})"


def _value(field: Field, value: str) -> str:
    return f'"{NONE}"' if value == NONE and field in MAY_BE_ABSENT else _quoted(value)


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else f'"{_escaped(value)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
