"""Asking blocks on disk: some blocks at a time, the newest first, and no further than need be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import msgspec
from pyroaring import BitMap

from flagkeeper.eventlog.index import store
from flagkeeper.eventlog.index.plan import Choice, Part, Question, Start, Terms
from flagkeeper.eventlog.index.store import Span, TermRow, unpack
from flagkeeper.eventlog.index.terms import BEYOND, trigrams
from flagkeeper.kernel.errors import BadData
from flagkeeper.storage.statement import Parameters, Query
from flagkeeper.storage.transaction import Transaction


class Budget(msgspec.Struct):
    """How many values a search may still look at, and whether that was enough."""

    values: int
    exhausted: bool = False


def resolved(questions: Iterable[Question], names: Mapping[str, list[str]], most: int) -> tuple[Question, ...]:
    """The questions with every pattern replaced by the terms that it stands for, of those in `names` (by kind).

    Raises:
        BadData: the patterns stand for more than `most`.
    """
    found: list[Question] = []
    left = most
    for each in questions:
        if isinstance(each, Terms) and each.is_open:
            fitting = list(islice(filter(each.fits, names[each.kind]), left + 1))
            left -= len(fitting)
            if left < 0:
                raise BadData(f"This query stands for more than {most} different names. Narrow its patterns down.")
            found.append(Terms(exact=(*each.exact, *fitting), negated=each.negated))
        elif isinstance(each, Choice):
            found.append(Choice(of=tuple(resolved(some, names, most) for some in each.of), negated=each.negated))
        else:
            found.append(each)
    return tuple(found)


def on_disk(tx: Transaction, spans: Sequence[Span], questions: Sequence[Question], budget: Budget) -> dict[int, BitMap]:
    """By block, the events of which all answers are yes. `questions` are resolved. A search out of `budget` finds
    nothing more."""
    alive = {span.first: BitMap(range(span.first, span.last + 1)) for span in spans}
    exact = [question for question in questions if isinstance(question, Terms)]
    if exact:
        _ask_terms(tx, alive, exact)
    for question in questions:
        match question:
            case Start(term=term):
                rows = tx.all(store.RANGE, blocks=list(alive), start=term, end=term + BEYOND)
                _narrow(alive, _union(rows), question.negated)
            case Part():
                _ask_part(tx, alive, question, budget)
            case Choice():
                _ask_choice(tx, alive, spans, question, budget)
            case Terms():
                pass
    return alive


def _ask_choice(
    tx: Transaction, alive: dict[int, BitMap], spans: Sequence[Span], question: Choice, budget: Budget
) -> None:
    asked = [span for span in spans if span.first in alive]
    having: dict[int, BitMap] = {}
    for alternative in question.of:
        for block, ids in on_disk(tx, asked, alternative, budget).items():
            having[block] = having[block] | ids if block in having else ids
    if question.negated and budget.exhausted:
        alive.clear()  # of blocks that were not looked at nothing is claimed, not even that no alternative holds
    _narrow(alive, having, question.negated)


def _ask_terms(tx: Transaction, alive: dict[int, BitMap], questions: Sequence[Terms]) -> None:
    asked = sorted({term for question in questions for term in question.exact})
    rows = tx.all(store.TERMS, blocks=list(alive), terms=asked) if asked else []
    known = {(row.block, row.term): row.ids for row in rows}
    for question in questions:
        having = {
            block: BitMap.union(
                BitMap(), *(unpack(known[block, term]) for term in question.exact if (block, term) in known)
            )
            for block in alive
        }
        _narrow(alive, having, question.negated)


def _ask_part(tx: Transaction, alive: dict[int, BitMap], question: Part, budget: Budget) -> None:
    """Trigrams say which values may contain the part; the values themselves say which do."""
    part = question.part
    asked = sorted(set(trigrams(part)))
    rows = tx.all(store.TERMS, blocks=list(alive), terms=asked) if asked else []
    numbers: dict[int, list[BitMap]] = {}
    for row in rows:
        numbers.setdefault(row.block, []).append(unpack(row.ids))
    candidates = {block: _candidates(numbers.get(block, []), len(asked)) for block in alive} if asked else None
    having: dict[int, BitMap] = {}
    for block, values, ids in _containing(tx, list(alive), candidates, part):
        if budget.exhausted:
            # Nothing is claimed of the blocks that were not looked at, not even that they lack the part.
            alive[block] = BitMap()
            continue
        having[block] = BitMap.union(BitMap(), *map(unpack, ids))
        budget.values -= values
        budget.exhausted = budget.values <= 0
    _narrow(alive, having, question.negated)


def _candidates(of_trigrams: list[BitMap], asked: int) -> BitMap:
    """The numbers of the values that have all trigrams."""
    return BitMap.intersection(*of_trigrams) if len(of_trigrams) == asked else BitMap()


def _containing(
    tx: Transaction, blocks: list[int], candidates: dict[int, BitMap] | None, part: str
) -> Iterator[tuple[int, int, list[bytes]]]:
    """By block, how many values were looked at (the candidates, or else all of them), and the ids of those with the
    part in them."""
    if candidates is None:
        for block in blocks:
            rows = tx.all(store.ALL_VALUES, block=block)
            yield block, len(rows), [row.ids for row in rows if part in row.value]
        return
    some = [block for block in blocks if candidates[block]]
    found = tx.together(*(_ask_values(block, candidates[block], part) for block in some))
    by_block = dict(zip(some, found, strict=True))
    for block in blocks:
        yield block, len(candidates[block]), by_block.get(block, [])


def _ask_values(block: int, numbers: BitMap, part: str) -> tuple[Query[bytes], Parameters]:
    """Values are sorted, so that those that contain something are often neighbours."""
    first, last = numbers.min(), numbers.max()
    if last - first < 2 * len(numbers):
        return store.CONTAINING_BETWEEN, {"block": block, "first": first, "last": last, "part": part}
    return store.CONTAINING, {"block": block, "numbers": list(numbers), "part": part}


def _union(rows: Iterable[TermRow]) -> dict[int, BitMap]:
    found: dict[int, BitMap] = {}
    for row in rows:
        ids = unpack(row.ids)
        found[row.block] = found[row.block] | ids if row.block in found else ids
    return found


def _narrow(alive: dict[int, BitMap], having: dict[int, BitMap], negated: bool) -> None:
    for block, ids in list(alive.items()):
        left = ids - having.get(block, BitMap()) if negated else ids & having.get(block, BitMap())
        if left:
            alive[block] = left
        else:
            del alive[block]
