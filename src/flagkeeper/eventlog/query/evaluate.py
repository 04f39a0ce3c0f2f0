"""Whether an event is what a query asks for: the plain meaning of the language, one event at a time.

The live tail and integrations ask this of each new event. For everything else it is the oracle against which the index
is tested.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from flagkeeper.eventlog.more import More, read_more
from flagkeeper.eventlog.query.conditions import (
    Changed,
    Compared,
    Condition,
    Either,
    EventQuery,
    Field,
    Is,
    Text,
    Visibility,
    Word,
)
from flagkeeper.eventlog.query.content import (
    Amount,
    amounts,
    changed_paths,
    fold,
    has_path,
    leaves,
    plain,
    text_of,
    words_of,
)
from flagkeeper.kernel.clock import Millis

_decode = msgspec.json.Decoder().decode


class Searchable(Protocol):
    """An event as it is stored: payloads are JSON text."""

    @property
    def id(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def created_at(self) -> Millis: ...
    @property
    def created_by(self) -> str: ...
    @property
    def created_by_user_id(self) -> int | None: ...
    @property
    def project(self) -> str | None: ...
    @property
    def environment(self) -> str | None: ...
    @property
    def feature_name(self) -> str | None: ...
    @property
    def data(self) -> str | None: ...
    @property
    def pre_data(self) -> str | None: ...
    @property
    def tags(self) -> str: ...
    @property
    def group_id(self) -> str | None: ...
    @property
    def more(self) -> str | None: ...


class Candidate:
    """An event that may match, taken apart no further than the questions make necessary."""

    def __init__(self, event: Searchable) -> None:
        self.event = event

    @cached_property
    def data(self) -> Any:
        return None if self.event.data is None else _decode(self.event.data)

    @cached_property
    def pre_data(self) -> Any:
        return None if self.event.pre_data is None else _decode(self.event.pre_data)

    @cached_property
    def more(self) -> More:
        return read_more(self.event.more)

    @cached_property
    def names(self) -> list[str]:
        """What the envelope calls things by, and why it says that they were changed."""
        event, more = self.event, self.more
        given = (event.feature_name, event.project, event.environment, event.created_by, more.reason, more.ticket)
        return [name for name in given if name]

    @cached_property
    def values(self) -> set[str]:
        return leaves(self.data, self.pre_data, _decode(self.event.tags))

    @cached_property
    def words(self) -> set[str]:
        everything = (self.event.type, *self.names, *self.values)
        return {word for value in everything for word in words_of(value)}

    @cached_property
    def texts(self) -> set[str]:
        return {text for value in (*self.names, *self.values) if (text := text_of(value)) is not None}

    @cached_property
    def changed(self) -> set[tuple[str, ...]]:
        return changed_paths(self.event.type, self.data, self.pre_data)

    @cached_property
    def amounts(self) -> set[tuple[str, Amount]]:
        return amounts(self.event.type, self.data)


def visible(event: Searchable, visibility: Visibility) -> bool:
    """Whether a reader may see the event."""
    return visibility.everything or (event.project is not None and event.project not in visibility.hidden_projects)


def matches(query: EventQuery, candidate: Candidate) -> bool:
    """Whether the event is what the query asks for."""
    moment = candidate.event.created_at
    if query.since is not None and moment < query.since:
        return False
    if query.until is not None and moment >= query.until:
        return False
    return _all_hold(query.conditions, candidate)


def _all_hold(conditions: Iterable[Condition], candidate: Candidate) -> bool:
    return all(_holds(condition, candidate) is not condition.negated for condition in conditions)


def _holds(condition: Condition, candidate: Candidate) -> bool:
    match condition:
        case Is():
            return _is(condition, candidate)
        case Word(start=start, field=None):
            return any(word.startswith(start) for word in candidate.words)
        case Word(start=start):
            return any(word.startswith(start) for word in words_of(candidate.more.reason or ""))
        case Text(part=part):
            needle = plain(part)
            return any(needle in text for text in candidate.texts)
        case Changed(path=path):
            return any(has_path(path, changed) for changed in candidate.changed)
        case Compared(path=path):
            return any(
                condition.holds(each) and has_path(path, tuple(keys.split("."))) for keys, each in candidate.amounts
            )
        case Either(of=alternatives):
            return any(_all_hold(alternative, candidate) for alternative in alternatives)


def _is(condition: Is, candidate: Candidate) -> bool:
    values = [value for value in _VALUES[condition.field](candidate) if value is not None]
    if not values:
        return condition.absent
    return any(
        value in condition.values or any(like(pattern, value) for pattern in condition.patterns) for value in values
    )


def causes(more: More) -> tuple[str, ...]:
    """What `cause:` finds the event by."""
    return () if more.cause is None else (more.cause.kind, f"{more.cause.kind}/{more.cause.id}")


_VALUES: Mapping[Field, Callable[[Candidate], tuple[str | None, ...]]] = MappingProxyType(
    {
        Field.ID: lambda each: (str(each.event.id),),
        Field.TYPE: lambda each: (each.event.type,),
        Field.PROJECT: lambda each: (each.event.project,),
        Field.ENVIRONMENT: lambda each: (each.event.environment,),
        Field.FLAG: lambda each: (each.event.feature_name,),
        Field.BY: lambda each: (fold(each.event.created_by),),
        Field.USER: lambda each: (
            None if each.event.created_by_user_id is None else str(each.event.created_by_user_id),
        ),
        Field.GROUP: lambda each: (each.event.group_id,),
        Field.ACTOR: lambda each: (each.more.actor_kind,),
        Field.TICKET: lambda each: (None if (ticket := each.more.ticket) is None else fold(ticket),),
        Field.CAUSE: lambda each: causes(each.more),
    }
)
"""What an event says of the fields that `Is` asks for."""


def like(pattern: str, text: str) -> bool:
    """Whether `text` fits a pattern in which `*` stands for any text. Each piece between stars is looked for once, so
    that no pattern takes longer than its text is long."""
    start, between, end = _pieces(pattern)
    position, last = len(start), len(text) - len(end)
    if position > last or not (text.startswith(start) and text.endswith(end)):
        return False
    for piece in between:
        position = text.find(piece, position, last)
        if position < 0:
            return False
        position += len(piece)
    return True


@lru_cache(maxsize=500)
def _pieces(pattern: str) -> tuple[str, tuple[str, ...], str]:
    """What a text begins with, has in between in this order, and ends with."""
    start, *between, end = pattern.split("*")
    return start, tuple(filter(None, between)), end
