"""Searching the log: every question is answered with ids, from the blocks in memory and on disk."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, islice, takewhile
from typing import TypeVar

import msgspec
from pyroaring import BitMap

from flagkeeper.eventlog.index import directory, store
from flagkeeper.eventlog.index.block import Block
from flagkeeper.eventlog.index.disk import Budget, on_disk, resolved
from flagkeeper.eventlog.index.groups import Groups
from flagkeeper.eventlog.index.memory import MemoryIndex
from flagkeeper.eventlog.index.plan import Choice, Part, Plan, Question, Start, Terms, in_memory, questions_of, unfolded
from flagkeeper.eventlog.index.store import Span
from flagkeeper.eventlog.index.terms import KINDS, SEVERAL
from flagkeeper.eventlog.query.conditions import EventQuery, Field, Is, Visibility
from flagkeeper.eventlog.read import LOG_POSITION, LogPosition, LogRows, log_position
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.transaction import Transaction

T = TypeVar("T")

MOST_VALUES = 50_000
"""Values that one search looks at. Where more match, it ends early and says so."""
MOST_SCANNED = 10_000
"""Events without an index that a search reads, some 0.4 s. They are many only while the index is being built."""
_MOST_BLOCKS, _FEW_BLOCKS = 64, 8
"""Blocks that are asked in one statement."""
MOST_NAMES = 20_000
"""Names for which all patterns of a query may stand together."""
MOST_ROWS = 100_000
"""Terms that one statement asks for, in all its blocks."""


class Found(msgspec.Struct, frozen=True):
    """The ids of matching events, in the order asked for."""

    ids: list[int]
    epoch: str
    """Which log they are of."""
    complete: bool = True
    """False: the search ended early, because very many values match. Older events may match too."""

    def whole(self) -> list[int]:
        """The ids, for an answer that has no way to say that some are missing.

        Raises:
            Unavailable: the search ended early.
        """
        if not self.complete:
            raise Unavailable("The index cannot find all of these events: too many values match. Ask for less.")
        return self.ids


class Total(msgspec.Struct, frozen=True):
    """How many events match."""

    events: int
    exact: bool = True
    """False: at least so many."""


class Indexed(msgspec.Struct, frozen=True):
    """The end of the log, and its blocks on disk, the newest first."""

    head: LogPosition
    spans: list[Span]
    names: dict[str, list[str]] = {}
    """By kind, where they are needed, the terms on disk."""


class Search:
    """Finds, counts and groups events of the whole log, archived ones included. All methods read in `tx`."""

    def __init__(
        self,
        memory: MemoryIndex,
        rows: LogRows,
        *,
        most_values: int = MOST_VALUES,
        most_scanned: int = MOST_SCANNED,
        most_names: int = MOST_NAMES,
        most_rows: int = MOST_ROWS,
    ) -> None:
        self._newest = memory
        self._rows = rows
        self._most_values = most_values
        self._most_scanned = most_scanned
        self._most_names = most_names
        self._most_rows = most_rows

    def find(
        self,
        tx: Transaction,
        query: EventQuery,
        visibility: Visibility,
        *,
        limit: int,
        offset: int = 0,
        before: int | None = None,
        after: int | None = None,
    ) -> Found:
        """The newest matching events older than `before`; with `after`, the oldest matching ones newer than that."""
        log, plan = self._plan(tx, query, visibility)
        found, _ = self._find(tx, log, _narrowed(plan, before, after), limit, offset, ascending=after is not None)
        return found

    def total(
        self,
        tx: Transaction,
        query: EventQuery,
        visibility: Visibility,
        *,
        before: int | None = None,
        at_most: int | None = None,
    ) -> Total:
        """The number of matching events (older than `before`); counting stops at `at_most`."""
        log, plan = self._plan(tx, query, visibility)
        return self._total(tx, log, _narrowed(plan, before, None), at_most)

    def page(
        self,
        tx: Transaction,
        query: EventQuery,
        visibility: Visibility,
        *,
        limit: int,
        offset: int = 0,
        before: int | None = None,
        after: int | None = None,
        at_most: int | None = None,
        log: Indexed | None = None,
    ) -> tuple[Found, Total]:
        """What `find` finds, and the number of all matching events, in fewer round trips than both take. `log` is what
        `indexed` said of this query, if it was asked already."""
        log, plan = self._plan(tx, query, visibility, log)
        narrowed = _narrowed(plan, before, after)
        found, seen = self._find(tx, log, narrowed, limit, offset, ascending=after is not None)
        if narrowed == plan and found.complete and len(found.ids) < limit:
            return found, Total(seen)
        if at_most is not None and seen >= at_most:
            return found, Total(at_most, exact=False)
        return found, self._total(tx, log, plan, at_most)

    def _find(
        self, tx: Transaction, log: Indexed, plan: Plan, limit: int, offset: int, *, ascending: bool
    ) -> tuple[Found, int]:
        """What matches, and how many matching events it came by: all of them when there are fewer than `limit`."""
        if not plan.questions and plan.ids is None:
            found = _all_between(plan, limit, offset, ascending=ascending)
            return Found(found, log.head.epoch), max(0, plan.last - plan.first + 1)
        budget = Budget(self._most_values)
        found, seen = [], 0
        for ids in self._sets(tx, log, plan, budget, ascending=ascending):
            seen += len(ids)
            if offset >= len(ids):
                offset -= len(ids)
                continue
            found += _cut(ids, offset, limit - len(found), ascending=ascending)
            offset = 0
            if len(found) >= limit:
                return Found(found, log.head.epoch), seen
        return Found(found, log.head.epoch, complete=not budget.exhausted), seen

    def _total(self, tx: Transaction, log: Indexed, plan: Plan, at_most: int | None) -> Total:
        if not plan.questions and plan.ids is None:
            return Total(max(0, plan.last - plan.first + 1))
        budget = Budget(self._most_values)
        counts = self._counted(tx, log, plan, budget) if _counts(plan) else map(len, self._sets(tx, log, plan, budget))
        events = 0
        for count in counts:
            events += count
            if at_most is not None and events >= at_most:
                return Total(at_most, exact=False)
        return Total(events, exact=not budget.exhausted)

    def grouped(
        self,
        tx: Transaction,
        query: EventQuery,
        visibility: Visibility,
        fields: Sequence[Field],
        edges: Sequence[int] = (),
    ) -> Groups:
        """How many matching events there are for each value of `fields`, and between each two of the ids `edges`."""
        log, plan = self._plan(tx, query, visibility, _indexed(tx, _open_kinds(query, visibility)))
        budget = Budget(self._most_values)
        groups = Groups(tuple(KINDS[field] for field in fields), edges)
        for _ in self._sets(tx, log, plan, budget, groups=groups):
            pass
        groups.complete = not budget.exhausted
        return groups

    def newest_of(self, tx: Transaction, visibility: Visibility, field: Field) -> dict[str, int]:
        """For each value of `field`, the newest event that a reader may see."""
        questions = questions_of(EventQuery(), visibility)
        kind = KINDS[field]
        log = _indexed(tx, [kind])
        missing = set(log.names[kind])
        newest: dict[str, int] = {}

        def newest_in(block: Block) -> list[tuple[str, BitMap]]:
            # The index in memory may be ahead of this transaction, which cannot read what it does not see.
            seen = in_memory(block, questions) & BitMap(range(1, log.head.last_id + 1))
            return [(term, block.ids(term) & seen) for term in block.terms(kind)]

        memory, spans = self._memory(tx, log, newest_in)
        for found in memory:
            _note_newest(newest, found)
        missing -= newest.keys()
        for chunk in _chunks(spans, _MOST_BLOCKS, _FEW_BLOCKS):
            if not missing:
                break
            visible = on_disk(tx, chunk, questions, Budget(self._most_values))
            rows = tx.all(store.TERMS, blocks=list(visible), terms=sorted(missing))
            rows.sort(key=lambda row: -row.block)
            _note_newest(newest, ((row.term, store.unpack(row.ids) & visible[row.block]) for row in rows))
            missing -= newest.keys()
        return {term[len(kind) :]: event_id for term, event_id in newest.items()}

    def indexed(self, tx: Transaction, query: EventQuery, visibility: Visibility) -> "Indexed":
        """The end of the log, and the blocks that the query will be put to: none, if it has no conditions."""
        if query.conditions or not visibility.everything:
            return _indexed(tx, _open_kinds(query, visibility))
        return Indexed(log_position(tx), [])

    def _plan(
        self, tx: Transaction, query: EventQuery, visibility: Visibility, log: Indexed | None = None
    ) -> tuple[Indexed, Plan]:
        log = log or self.indexed(tx, query, visibility)
        questions = questions_of(query, visibility)
        first, last = 1, log.head.last_id
        moments = [moment for moment in (query.since, query.until) if moment is not None]
        if moments:
            ids = self._rows.first_ids(tx, moments, log.head)
            if query.since is not None:
                first = ids[0] or last + 1
            if query.until is not None:
                last = (ids[-1] or last + 1) - 1
        known = resolved(questions, log.names, self._most_names)
        return log, Plan(questions=questions, on_disk=known, ids=_asked_ids(query, last), first=first, last=last)

    def _sets(
        self,
        tx: Transaction,
        log: Indexed,
        plan: Plan,
        budget: Budget,
        *,
        ascending: bool = False,
        groups: Groups | None = None,
    ) -> Iterator[BitMap]:
        """The matching events, in some large pieces."""
        wanted = BitMap(range(plan.first, plan.last + 1))
        if plan.ids is not None:
            wanted &= BitMap(plan.ids)
        if not wanted:
            return

        def matching(block: Block) -> BitMap:
            found = in_memory(block, plan.questions) & wanted
            if groups is not None:
                groups.add_block(block, found)
            return found

        memory, spans = self._memory(tx, log, matching, wanted)
        disk = self._sets_on_disk(tx, spans[::-1] if ascending else spans, plan.on_disk, wanted, budget, groups)
        if ascending:
            # Blocks are written from the oldest on: what is not on disk yet is newer than all that is.
            yield from disk
            if not budget.exhausted:
                yield from reversed(memory)
        else:
            yield from memory
            yield from disk

    def _sets_on_disk(
        self,
        tx: Transaction,
        spans: list[Span],
        questions: tuple[Question, ...],
        wanted: BitMap,
        budget: Budget,
        groups: Groups | None,
    ) -> Iterator[BitMap]:
        if not spans:
            return
        # Values are longer than terms: fewer of them are read at once.
        most = _FEW_BLOCKS if any(isinstance(question, Part) for question in unfolded(questions)) else _MOST_BLOCKS
        terms = sum(len(question.exact) for question in unfolded(questions) if isinstance(question, Terms))
        most = max(1, min(most, self._most_rows // (terms or 1)))
        unlisted = sum(1 for _ in takewhile(lambda span: span.directory is None, spans))
        few = min(unlisted, most // 2)
        asked = chain(spans[:few], directory.promising(tx, spans[few:], questions))
        for chunk in _chunks(asked, most, few or max(1, most // 4)):
            found = {block: ids & wanted for block, ids in on_disk(tx, chunk, questions, budget).items()}
            if groups is not None:
                groups.add_blocks(tx, found)
            yield BitMap.union(BitMap(), *found.values())
            if budget.exhausted:
                return

    def _counted(self, tx: Transaction, log: Indexed, plan: Plan, budget: Budget) -> Iterator[int]:
        """How many events have one of the terms that the only question asks for, piece by piece. What blocks and
        directories say is believed: opened are only blocks that the range cuts, that are in memory, or of which an
        event may have several of the terms."""
        with self._newest.blocks(log.head.epoch) as blocks:
            end = blocks[-1].first if blocks else log.head.last_id + 1
        whole = [span for span in log.spans if plan.first <= span.first and span.last <= plan.last and span.last < end]
        (asked,) = plan.on_disk
        if not whole or isinstance(asked, Part | Choice):
            yield from map(len, self._sets(tx, log, plan, budget))
            return
        yield from map(len, self._sets(tx, log, _narrowed(plan, None, whole[0].last), budget))
        cut = {span.directory for span in log.spans if not whole[-1].first <= span.first <= whole[0].first} | {None}
        loose = [span for span in whole if span.directory in cut]
        listed = sorted(first for first in {span.directory for span in whole} - cut if first is not None)
        if isinstance(asked, Terms):
            terms = sorted(set(asked.exact))
            of_blocks = (store.COUNT, {"blocks": [span.first for span in loose], "terms": terms})
            of_directories = (directory.COUNT, {"directories": listed, "terms": terms})
            yield from chain(*tx.together(of_blocks, of_directories))
        else:
            yield from self._counted_in(tx, loose, asked, budget)
            told = directory.counted(tx, asked, listed) if listed else {}
            yield sum(told.values())
            rest = [span for span in whole if span.directory not in cut and span.directory not in told]
            yield from self._counted_in(tx, rest, asked, budget)
        yield from map(len, self._sets(tx, log, _narrowed(plan, whole[-1].first, None), budget))

    def _counted_in(self, tx: Transaction, spans: list[Span], asked: Start, budget: Budget) -> Iterator[int]:
        if spans:
            wanted = BitMap(range(spans[-1].first, spans[0].last + 1))
            yield from map(len, self._sets_on_disk(tx, spans, (asked,), wanted, budget, None))

    def _memory(
        self, tx: Transaction, log: Indexed, use: Callable[[Block], T], wanted: BitMap | None = None
    ) -> tuple[list[T], list[Span]]:
        """What `use` makes of each block in memory and of each gap, the newest first; and the blocks on disk. Memory
        does not stand still while gaps are read: that may take long, where the archive has them."""
        used: dict[int, T] = {}
        with self._newest.blocks(log.head.epoch) as blocks:
            pieces = [piece for piece in _pieces(log, blocks) if wanted is None or _touches(piece, wanted)]
            for number, piece in enumerate(pieces):
                if isinstance(piece, Block):
                    used[number] = use(piece)
        for number, piece in enumerate(pieces):
            if isinstance(piece, tuple):
                used[number] = use(self._scanned(tx, piece, log.head))
        return [used[number] for number in sorted(used)], [piece for piece in pieces if isinstance(piece, Span)]

    def _scanned(self, tx: Transaction, gap: tuple[int, int], head: LogPosition) -> Block:
        """The index of events that have none yet.

        Raises:
            Unavailable: there are too many, because the index is being built.
        """
        first, last = gap
        if last - first >= self._most_scanned:
            done = 100 * (head.last_id - (last - first)) // head.last_id
            raise Unavailable(f"The index of the event log is being built ({done} % done). Try again in a moment.")
        block = Block(first)
        for event in self._rows.between(tx, first, last):
            block.add(event)
        return block


Piece = Block | Span | tuple[int, int]
"""A block in memory, one on disk, or a gap without an index: its first and last id."""


def _indexed(tx: Transaction, kinds: Collection[str]) -> Indexed:
    """In one round trip. `kinds`: those of which the terms must be known."""
    (head,), blocks, *names = tx.together((LOG_POSITION, {}), (store.BLOCKS, {}), *map(store.names_of, kinds))
    spans = [span for span, about in blocks if about == head.epoch]
    return Indexed(head, spans, dict(zip(kinds, names, strict=True)))


def _open_kinds(query: EventQuery, visibility: Visibility) -> set[str]:
    """The kinds of which only the terms that there are tell what is meant."""
    return {each.kind for each in unfolded(questions_of(query, visibility)) if isinstance(each, Terms) and each.is_open}


def _pieces(log: Indexed, blocks: Sequence[Block]) -> list[Piece]:
    """What the log consists of, the newest first."""
    pieces: list[Piece] = []
    last = log.head.last_id
    indexed: list[Block | Span] = [*blocks, *log.spans]
    for piece in indexed:
        if piece.first > last:
            continue
        if piece.last < last:
            pieces.append((piece.last + 1, last))
        pieces.append(piece if isinstance(piece, Block) or piece.last <= last else Span(piece.first, last))
        last = piece.first - 1
    if last >= 1:
        pieces.append((1, last))
    return pieces


def _touches(piece: Piece, wanted: BitMap) -> bool:
    first, last = piece if isinstance(piece, tuple) else (piece.first, piece.last)
    return bool(wanted.range_cardinality(first, last + 1))


def _narrowed(plan: Plan, before: int | None, after: int | None) -> Plan:
    """The plan, for events older than `before` and newer than `after`."""
    first = plan.first if after is None else max(plan.first, after + 1)
    last = plan.last if before is None else min(plan.last, before - 1)
    return msgspec.structs.replace(plan, first=first, last=last)


def _chunks(spans: Iterable[Span], most: int, first: int) -> Iterator[list[Span]]:
    """Few blocks first: most pages are full after them."""
    rest, size = iter(spans), first
    while chunk := list(islice(rest, size)):
        yield chunk
        size = min(4 * size, most)


def _cut(ids: BitMap, skip: int, most: int, *, ascending: bool) -> list[int]:
    if ascending:
        return list(ids[skip : skip + most])
    end = len(ids) - skip
    return list(ids[max(0, end - most) : end])[::-1]


def _all_between(plan: Plan, limit: int, offset: int, *, ascending: bool) -> list[int]:
    if ascending:
        return list(range(plan.first + offset, plan.last + 1)[:limit])
    return list(range(plan.last - offset, plan.first - 1, -1)[:limit])


def _asked_ids(query: EventQuery, last: int) -> tuple[int, ...] | None:
    """The ids that the query names; None when it names none. Those it excludes are left out of all."""
    asked: BitMap | None = None
    for each in query.conditions:
        if isinstance(each, Is) and each.field is Field.ID:
            named = BitMap(number for value in each.values if 1 <= (number := int(value)) <= last)
            everything = BitMap(range(1, last + 1)) if asked is None else asked
            asked = everything - named if each.negated else everything & named
    return None if asked is None else tuple(asked)


def _counts(plan: Plan) -> bool:
    """Whether the plan asks for nothing but terms of which an event has one at most: then they are counted without a
    look at the events."""
    if plan.ids is not None or len(plan.questions) != 1 or plan.questions[0].negated:
        return False
    (question,), (asked,) = plan.questions, plan.on_disk
    if isinstance(question, Terms) and isinstance(asked, Terms):
        return question.kind not in SEVERAL or len(asked.exact) < 2
    return isinstance(asked, Start)


def _note_newest(newest: dict[str, int], having: Iterable[tuple[str, BitMap]]) -> None:
    for term, ids in having:
        if ids and term not in newest:
            newest[term] = ids.max()
