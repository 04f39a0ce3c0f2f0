"""A query as questions to blocks: which terms, which parts of a value, and which ids can match at all. Pure."""

from collections.abc import Iterable

import msgspec
from pyroaring import BitMap

from flagkeeper.eventlog.index.block import Block
from flagkeeper.eventlog.index.terms import CHANGED, KINDS, OF_PROJECT, WORD, field_term
from flagkeeper.eventlog.query.conditions import Changed, Condition, EventQuery, Field, Is, Sight, Text, Word
from flagkeeper.eventlog.query.content import has_path, plain
from flagkeeper.eventlog.query.evaluate import like


class Terms(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Events that have one of the terms `exact`, or one of a kind that fits."""

    exact: tuple[str, ...] = ()
    kind: str = ""
    patterns: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    negated: bool = False

    @property
    def is_open(self) -> bool:
        """Whether only the terms that there are tell which are meant."""
        return bool(self.patterns or self.path)

    def fits(self, term: str) -> bool:
        """Whether a term of `kind` is meant."""
        name = term[len(self.kind) :]
        if self.path:
            return has_path(self.path, tuple(name.split(".")))
        return any(like(pattern).fullmatch(name) for pattern in self.patterns)


class Start(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Events that have a term which begins with `term`."""

    term: str
    negated: bool = False


class Part(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Events with a name or value that contains `part`."""

    part: str
    negated: bool = False


Question = Terms | Start | Part


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold of an event's terms, and between which ids it must be (both included)."""

    questions: tuple[Question, ...] = ()
    ids: tuple[int, ...] | None = None
    first: int
    last: int


def questions_of(query: EventQuery, sight: Sight) -> tuple[Question, ...]:
    """What to ask blocks, the cheapest first; ids are no matter of blocks."""
    asked = [_question(each) for each in query.conditions if not (isinstance(each, Is) and each.field is Field.ID)]
    if not sight.everything:
        within = [
            each
            for each in query.conditions
            if isinstance(each, Is) and each.field is Field.PROJECT and not each.negated
        ]
        if not within:
            asked.append(Terms(exact=(OF_PROJECT,)))
        shown = any(not each.patterns and sight.hidden_projects.isdisjoint(each.values) for each in within)
        if sight.hidden_projects and not shown:
            hidden = tuple(field_term(Field.PROJECT, project) for project in sorted(sight.hidden_projects))
            asked.append(Terms(exact=hidden, negated=True))
    return tuple(sorted(asked, key=lambda question: (_COST[type(question)], question.negated)))


_COST: dict[type[Question], int] = {Terms: 0, Start: 1, Part: 2}


def _question(condition: Condition) -> Question:
    match condition:
        case Is(field=field, values=values, patterns=patterns, negated=negated):
            exact = tuple(field_term(field, value) for value in values)
            return Terms(exact=exact, kind=KINDS[field], patterns=patterns, negated=negated)
        case Word(start=start, negated=negated):
            return Start(term=WORD + start, negated=negated)
        case Text(part=part, negated=negated):
            return Part(part=plain(part), negated=negated)
        case Changed(path=path, negated=negated):
            return Terms(kind=CHANGED, path=path, negated=negated)


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
