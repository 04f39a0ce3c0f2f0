"""Directories: which of some large blocks in a row have a term, and how many of their events do.

Ten million events are 306 blocks. What is rare, or nowhere at all, is not looked for in each of them but in 19
directories; and what only has to be counted is looked for in no block.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import groupby
from operator import and_, or_

import msgspec
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from flagkeeper.eventlog.index.memory import Sizes, end_of
from flagkeeper.eventlog.index.plan import Part, Question, Start, Terms
from flagkeeper.eventlog.index.store import Span
from flagkeeper.eventlog.index.tables import search_blocks, search_directories, search_terms
from flagkeeper.eventlog.index.terms import BEYOND, trigrams
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction


class Entry(msgspec.Struct, frozen=True):
    """What a directory says of a term: the sum of the bits of the blocks that have it, and how many events do."""

    directory: int
    term: str
    bits: int
    events: int


_TERMS = Query(
    select(search_directories).where(
        any_of(search_directories.c.directory, "directories"), any_of(search_directories.c.term, "terms")
    ),
    Entry,
)
_RANGE = Query(
    select(search_directories).where(
        any_of(search_directories.c.directory, "directories"),
        search_directories.c.term >= bindparam("start"),
        search_directories.c.term < bindparam("end"),
    ),
    Entry,
)
COUNT = Query(
    select(func.sum(search_directories.c.events)).where(
        any_of(search_directories.c.directory, "directories"), any_of(search_directories.c.term, "terms")
    ),
    lambda events: int(events or 0),
)
"""In how many events of some directories terms stand, of which an event has one at most."""
_LIST = Write[object](
    update(search_blocks)
    .where(search_blocks.c.first_id == bindparam("first"))
    .values(directory=bindparam("into"), bit=bindparam("its_bit"))
)
_OF_BLOCK = postgresql_insert(search_directories).from_select(
    ["directory", "term", "bits", "events"],
    select(search_blocks.c.directory, search_terms.c.term, search_blocks.c.bit, search_terms.c.events)
    .join(search_terms, search_terms.c.block == search_blocks.c.first_id)
    .where(search_blocks.c.first_id == bindparam("first")),
)
_ADD = Write[object](
    _OF_BLOCK.on_conflict_do_update(
        index_elements=["directory", "term"],
        set_={
            "bits": search_directories.c.bits + _OF_BLOCK.excluded.bits,
            "events": search_directories.c.events + _OF_BLOCK.excluded.events,
        },
    )
)
"""Block by block: all blocks at once would be sorted in memory, 75 MB of it."""
_ALL = -1


def due(spans: Iterable[Span], sizes: Sizes) -> list[Span] | None:
    """The large blocks of the newest directory that can be written and is not there. `spans`: all, the newest first."""
    for _, group in groupby(spans, lambda span: span.first // (sizes.large * sizes.listed)):
        blocks = list(group)
        whole = all(block.last == end_of(block.first, sizes.large) for block in blocks)
        if whole and len(blocks) == sizes.listed and not any(block.directory for block in blocks):
            return blocks[::-1]
    return None


def write(tx: Transaction, blocks: Sequence[Span]) -> None:
    """Writes the directory of `blocks`. The database does it alone: the half a million entries never come here."""
    for position, block in enumerate(blocks):
        tx.write(_LIST, first=block.first, into=blocks[0].first, its_bit=1 << position)
        tx.write(_ADD, first=block.first)


def promising(tx: Transaction, spans: Iterable[Span], questions: Sequence[Question]) -> Iterator[Span]:
    """The blocks that may have events of which all answers are yes. `questions` are resolved."""
    rest = list(spans)
    directories = sorted({span.directory for span in rest if span.directory is not None})
    bits = _bits(tx, questions, directories) if directories else {}
    for span in rest:
        if span.directory is None or bits[span.directory] & span.bit:
            yield span


def _bits(tx: Transaction, questions: Sequence[Question], directories: list[int]) -> dict[int, int]:
    """By directory, the bits of the blocks that may have such events."""
    bits = dict.fromkeys(directories, _ALL)
    wanted = [exact for question in questions if (exact := _exact(question)) is not None]
    asked = sorted({term for terms, _ in wanted for term in terms})
    known: dict[int, dict[str, int]] = {directory: {} for directory in directories}
    for entry in tx.all(_TERMS, directories=directories, terms=asked) if asked else ():
        known[entry.directory][entry.term] = entry.bits
    for terms, combine in wanted:
        for directory, having in known.items():
            bits[directory] &= reduce(combine, (having.get(term, 0) for term in terms), _ALL if combine is and_ else 0)
    for question in questions:
        alive = [directory for directory, some in bits.items() if some]
        if isinstance(question, Start) and not question.negated and alive:
            begun = dict.fromkeys(alive, 0)
            for entry in tx.all(_RANGE, directories=alive, start=question.term, end=question.term + BEYOND):
                begun[entry.directory] |= entry.bits
            for directory, some in begun.items():
                bits[directory] &= some
    return bits


def _exact(question: Question) -> tuple[Iterable[str], Callable[[int, int], int]] | None:
    """Which terms an event must have one of, or all of; None where nothing is said that a directory knows."""
    match question:
        case Terms(exact=terms, negated=False):
            return terms, or_
        case Part(part=part, negated=False) if len(part) >= 3:
            return set(trigrams(part)), and_
    return None


def counted(tx: Transaction, question: Start, directories: list[int]) -> dict[int, int]:
    """By directory, in how many of its events a word begins so. Of several such words an event may have more than one:
    directories that know several are left out."""
    events: dict[int, list[int]] = {directory: [] for directory in directories}
    for entry in tx.all(_RANGE, directories=directories, start=question.term, end=question.term + BEYOND):
        events[entry.directory].append(entry.events)
    return {directory: sum(each) for directory, each in events.items() if len(each) < 2}
