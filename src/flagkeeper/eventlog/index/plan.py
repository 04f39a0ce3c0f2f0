"""A query as questions to blocks: which terms, which parts of a value, and which ids can match at all. Pure."""

from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec
from pyroaring import BitMap

from flagkeeper.eventlog.index.block import Block
from flagkeeper.eventlog.index.terms import AMOUNT, CHANGED, KINDS, OF_PROJECT, WORD, field_term, read_amount
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
from flagkeeper.eventlog.query.content import has_path, plain
from flagkeeper.eventlog.query.evaluate import like


class Terms(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Events that have one of the terms `exact`, or one of a kind that fits: that looks like one of `patterns`, or is a
    path with the keys `path`, or an amount that `compares`, or with `but` is none of those and looks like none of
    `patterns`."""

    exact: tuple[str, ...] = ()
    kind: str = ""
    patterns: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    compares: Compared | None = None
    but: tuple[str, ...] | None = None
    negated: bool = False

    @property
    def is_open(self) -> bool:
        """Whether only the terms that there are tell which are meant."""
        return bool(self.patterns or self.path or self.compares) or self.but is not None

    def fits(self, term: str) -> bool:
        """Whether a term of `kind` is meant."""
        if self.compares:
            keys, amount = read_amount(term)
            return self.compares.holds(amount) and has_path(self.compares.path, tuple(keys.split(".")))
        name = term[len(self.kind) :]
        if self.path:
            return has_path(self.path, tuple(name.split(".")))
        fitting = any(like(pattern, name) for pattern in self.patterns)
        return fitting if self.but is None else not (fitting or term in self.but)


class Start(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Events that have a term which begins with `term`."""

    term: str
    negated: bool = False


class Part(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Events with a name or value that contains `part`."""

    part: str
    negated: bool = False


class Choice(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Events of which all answers of one of the alternatives are yes."""

    of: "tuple[tuple[Question, ...], ...]"
    negated: bool = False


Question = Terms | Start | Part | Choice


def unfolded(questions: Iterable[Question]) -> Iterator[Question]:
    """The questions, and those in alternatives in place of their choice."""
    for each in questions:
        if isinstance(each, Choice):
            yield from unfolded(chain.from_iterable(each.of))
        else:
            yield each


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold of an event's terms, and between which ids it must be (both included)."""

    questions: tuple[Question, ...] = ()
    on_disk: tuple[Question, ...] = ()
    """The same with the terms that patterns stand for on disk; blocks in memory may know others."""
    ids: tuple[int, ...] | None = None
    first: int
    last: int


def questions_of(query: EventQuery, visibility: Visibility) -> tuple[Question, ...]:
    """What to ask blocks, the cheapest first. Blocks know nothing of ids."""
    asked = [_question(each) for each in query.conditions if not (isinstance(each, Is) and each.field is Field.ID)]
    if not visibility.everything:
        within = [
            each
            for each in query.conditions
            if isinstance(each, Is) and each.field is Field.PROJECT and not each.negated and not each.absent
        ]
        if not within:
            asked.append(Terms(exact=(OF_PROJECT,)))
        shown = any(not each.patterns and visibility.hidden_projects.isdisjoint(each.values) for each in within)
        if visibility.hidden_projects and not shown:
            hidden = tuple(field_term(Field.PROJECT, project) for project in sorted(visibility.hidden_projects))
            asked.append(Terms(exact=hidden, negated=True))
    return _cheapest_first(asked)


_COST: dict[type[Question], int] = {Terms: 0, Start: 1, Part: 2, Choice: 3}


def _cheapest_first(questions: Iterable[Question]) -> tuple[Question, ...]:
    return tuple(sorted(questions, key=lambda question: (_COST[type(question)], question.negated)))


def _question(condition: Condition) -> Question:
    match condition:
        case Is(field=field, values=values, patterns=patterns, absent=absent, negated=negated):
            exact = tuple(field_term(field, value) for value in values)
            if absent:
                # "One of these, or none" is "not one of the others".
                return Terms(kind=KINDS[field], patterns=patterns, but=exact, negated=not negated)
            return Terms(exact=exact, kind=KINDS[field], patterns=patterns, negated=negated)
        case Word(start=start, field=field, negated=negated):
            return Start(term=(WORD if field is None else KINDS[field]) + start, negated=negated)
        case Text(part=part, negated=negated):
            return Part(part=plain(part), negated=negated)
        case Changed(path=path, negated=negated):
            return Terms(kind=CHANGED, path=path, negated=negated)
        case Compared(negated=negated):
            return Terms(kind=AMOUNT, compares=condition, negated=negated)
        case Either(of=alternatives, negated=negated):
            return Choice(of=tuple(_cheapest_first(map(_question, each)) for each in alternatives), negated=negated)


def in_memory(block: Block, questions: Iterable[Question]) -> BitMap:
    """The events of a block in memory of which all answers are yes."""
    found = BitMap(range(block.first, block.last + 1))
    for question in questions:
        if not found:
            break
        having = _having(block, question)
        found = found - having if question.negated else found & having
    return found


def _having(block: Block, question: Question) -> BitMap:
    match question:
        case Terms(exact=exact, kind=kind):
            fitting = filter(question.fits, block.terms(kind)) if question.is_open else ()
            return BitMap.union(BitMap(), *map(block.ids, (*exact, *fitting)))
        case Start(term=term):
            return BitMap.union(BitMap(), *map(block.ids, block.terms(term)))
        case Part(part=part):
            return block.containing(part)
        case Choice(of=alternatives):
            return BitMap.union(BitMap(), *(in_memory(block, each) for each in alternatives))
