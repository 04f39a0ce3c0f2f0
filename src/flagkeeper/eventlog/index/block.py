"""A block in memory: takes events in, and knows which of them have a term. Pure."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import structlog
from pyroaring import BitMap

from flagkeeper.eventlog.index.terms import OF_PROJECT, WORD, amount_term, changed_term, field_term, trigrams
from flagkeeper.eventlog.more import More, read_more
from flagkeeper.eventlog.query.conditions import Field
from flagkeeper.eventlog.query.content import amounts, changed_paths, fold, leaves, text_of, words_of
from flagkeeper.eventlog.query.evaluate import Searchable, causes

log = structlog.get_logger("flagkeeper.index")

_decode = msgspec.json.Decoder().decode
_FEW = 200
"""New terms that are searched one by one before they are sorted in."""


class Block:
    """The index of the events `first` to `last` (both included); events are added in the order of their ids."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.last = first - 1
        self._terms: dict[str, array[int]] = {}
        self._texts: dict[str, array[int]] = {}
        self._of_value: dict[str, tuple[array[int], ...]] = {}
        """Where a value's events are noted: most values have been seen before."""
        self._of_type: dict[str, tuple[array[int], ...]] = {}
        self._sorted: list[str] = []
        self._unsorted: list[str] = []

    def add(self, event: Searchable) -> None:
        """Takes in the next event. One whose payloads are no JSON is found by its envelope (nothing here ever stored
        one)."""
        try:
            payloads = [None if text is None else _decode(text) for text in (event.data, event.pre_data)]
            tags = None if event.tags == "[]" else _decode(event.tags)
        except msgspec.DecodeError:
            log.exception("event_half_indexed", event_id=event.id)
            payloads, tags = [None, None], None
        event_id = self.last = event.id
        more = read_more(event.more)
        for term in _envelope(event, more):
            _note(self._term(term), event_id)
        known = self._of_value
        names = (event.feature_name, event.project, event.environment, event.created_by, more.reason, more.ticket)
        values = leaves(*payloads, tags, *names)
        sets = [known.get(value) or self._meet(value) for value in values]
        sets.append(self._of_type.get(event.type) or self._meet_type(event.type))
        for ids in sets:
            for each in ids:
                # `_note`, written out: it runs some hundred times for an event.
                if not each or each[-1] != event_id:
                    each.append(event_id)
        for path in changed_paths(event.type, *payloads):
            _note(self._term(changed_term(path)), event_id)
        for keys, amount in amounts(event.type, payloads[0]):
            _note(self._term(amount_term(keys, amount)), event_id)

    def _term(self, term: str) -> "array[int]":
        found = self._terms.get(term)
        if found is None:
            found = self._terms[term] = array("I")
            self._unsorted.append(term)
        return found

    def _meet(self, value: str) -> "tuple[array[int], ...]":
        sets = [self._term(WORD + word) for word in words_of(value)]
        if (text := text_of(value)) is not None:
            sets.append(self._texts.setdefault(text, array("I")))
        return self._of_value.setdefault(value, tuple(sets))

    def _meet_type(self, kind: str) -> "tuple[array[int], ...]":
        """The words of a type are found, but it is no name or value."""
        return self._of_type.setdefault(kind, tuple(self._term(WORD + word) for word in words_of(kind)))

    def ids(self, term: str) -> BitMap:
        """The events that have the term."""
        found = self._terms.get(term)
        return BitMap() if found is None else BitMap(found)

    def terms(self, start: str) -> list[str]:
        """The terms that begin with `start`."""
        if len(self._unsorted) > _FEW:
            self._sorted = sorted(self._sorted + self._unsorted)
            self._unsorted = []
        position = bisect_left(self._sorted, start)
        found = [term for term in self._unsorted if term.startswith(start)]
        while position < len(self._sorted) and self._sorted[position].startswith(start):
            found.append(self._sorted[position])
            position += 1
        return found

    def containing(self, part: str) -> BitMap:
        """The events that have a name or value with `part` in it."""
        return BitMap.union(BitMap(), *(BitMap(ids) for text, ids in self._texts.items() if part in text))

    def all_terms(self) -> Iterator[tuple[str, BitMap]]:
        """Every term and its events, sorted, without trigrams."""
        for term in sorted(self._terms):
            yield term, BitMap(self._terms[term])

    def all_texts(self) -> list[tuple[str, BitMap]]:
        """Every name and value, sorted, with its events."""
        return [(text, BitMap(self._texts[text])) for text in sorted(self._texts)]


def trigrams_of(texts: Iterable[str]) -> Iterator[tuple[str, BitMap]]:
    """Every trigram, with the numbers of the texts that contain it, sorted."""
    found: dict[str, Any] = {}
    for number, text in enumerate(texts):
        for term in trigrams(text):
            _note(found.setdefault(term, array("I")), number)
    for term in sorted(found):
        yield term, BitMap(found[term])


def _note(ids: "array[int]", event_id: int) -> None:
    if not ids or ids[-1] != event_id:
        ids.append(event_id)


def _envelope(event: Searchable, more: More) -> Iterator[str]:
    yield field_term(Field.TYPE, event.type)
    yield field_term(Field.BY, fold(event.created_by))
    if event.project is not None:
        yield field_term(Field.PROJECT, event.project)
        yield OF_PROJECT
    if event.environment is not None:
        yield field_term(Field.ENVIRONMENT, event.environment)
    if event.feature_name is not None:
        yield field_term(Field.FLAG, event.feature_name)
    if event.created_by_user_id is not None:
        yield field_term(Field.USER, str(event.created_by_user_id))
    if event.group_id is not None:
        yield field_term(Field.GROUP, event.group_id)
    if more.actor_kind is not None:
        yield field_term(Field.ACTOR, more.actor_kind)
    if more.ticket is not None:
        yield field_term(Field.TICKET, fold(more.ticket))
    for word in words_of(more.reason or ""):
        yield field_term(Field.REASON, word)
    for cause in causes(more):
        yield field_term(Field.CAUSE, cause)
