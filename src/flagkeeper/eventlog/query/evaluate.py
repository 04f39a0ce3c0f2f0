"""Whether an event is what a query asks for: the plain meaning of the language, one event at a time.

The live tail and integrations ask this of each new event. For everything else it is the oracle against which the index
is tested.
"""

import re
from functools import cached_property, lru_cache
from typing import Any, Protocol

import msgspec

from flagkeeper.eventlog.query.conditions import Changed, Condition, EventQuery, Field, Is, Sight, Text, Word
from flagkeeper.eventlog.query.content import changed_paths, fold, has_path, leaves, plain, text_of, words_of
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
    def names(self) -> list[str]:
        """What the envelope calls things by."""
        event = self.event
        return [name for name in (event.feature_name, event.project, event.environment, event.created_by) if name]

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


def visible(event: Searchable, sight: Sight) -> bool:
    """Whether a reader may see the event."""
    return sight.everything or (event.project is not None and event.project not in sight.hidden_projects)


def matches(query: EventQuery, candidate: Candidate) -> bool:
    """Whether the event is what the query asks for."""
    moment = candidate.event.created_at
    if query.since is not None and moment < query.since:
        return False
    if query.until is not None and moment >= query.until:
        return False
    return all(_holds(condition, candidate) is not condition.negated for condition in query.conditions)


def _holds(condition: Condition, candidate: Candidate) -> bool:
    match condition:
        case Is():
            return _is(condition, candidate.event)
        case Word(start=start):
            return any(word.startswith(start) for word in candidate.words)
        case Text(part=part):
            needle = plain(part)
            return any(needle in text for text in candidate.texts)
        case Changed(path=path):
            return any(has_path(path, changed) for changed in candidate.changed)


def _is(condition: Is, event: Searchable) -> bool:
    value = _value(condition.field, event)
    if value is None:
        return False
    return value in condition.values or any(like(pattern).fullmatch(value) for pattern in condition.patterns)


def _value(field: Field, event: Searchable) -> str | None:
    match field:
        case Field.ID:
            return str(event.id)
        case Field.TYPE:
            return event.type
        case Field.PROJECT:
            return event.project
        case Field.ENVIRONMENT:
            return event.environment
        case Field.FLAG:
            return event.feature_name
        case Field.BY:
            return fold(event.created_by)
        case Field.USER:
            return None if event.created_by_user_id is None else str(event.created_by_user_id)
        case Field.GROUP:
            return event.group_id


@lru_cache(maxsize=500)
def like(pattern: str) -> re.Pattern[str]:
    """A pattern in which `*` stands for any text."""
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
