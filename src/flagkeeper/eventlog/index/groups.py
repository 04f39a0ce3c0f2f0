"""Counting matching events by field and by time."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

from pyroaring import BitMap

from flagkeeper.eventlog.index import store
from flagkeeper.eventlog.index.block import Block
from flagkeeper.eventlog.index.terms import BEYOND
from flagkeeper.storage.transaction import Transaction


class Groups:
    """How many events there are of each term of some kinds, and between each two neighbouring ids of `edges`.

    Without edges, all events are in one bucket.
    """

    def __init__(self, kinds: Sequence[str], edges: Sequence[int] = ()) -> None:
        self._kinds = kinds
        self._edges = edges
        self._buckets = max(1, len(edges) - 1)
        self.complete = True
        self.all: list[int] = [0] * self._buckets
        """Events per bucket, whatever their fields."""
        self._terms: dict[str, list[int]] = {}

    def of(self, kind: str) -> dict[str, list[int]]:
        """By value of the field, the events per bucket."""
        return {term[len(kind) :]: counts for term, counts in self._terms.items() if term.startswith(kind)}

    def add_block(self, block: Block, matching: BitMap) -> None:
        """Counts the matching events of a block in memory."""
        self._count(self.all, matching)
        for kind in self._kinds:
            self._add((term, block.ids(term) & matching) for term in block.terms(kind))

    def add_blocks(self, tx: Transaction, matching: Mapping[int, BitMap]) -> None:
        """Counts the matching events of blocks on disk."""
        for ids in matching.values():
            self._count(self.all, ids)
        blocks = [block for block, ids in matching.items() if ids]
        for kind in self._kinds:
            rows = tx.all(store.RANGE, blocks=blocks, start=kind, end=kind + BEYOND)
            self._add((row.term, store.unpack(row.ids) & matching[row.block]) for row in rows)

    def _add(self, having: Iterable[tuple[str, BitMap]]) -> None:
        for term, ids in having:
            if ids:
                self._count(self._terms.setdefault(term, [0] * self._buckets), ids)

    def _count(self, counts: list[int], ids: BitMap) -> None:
        if not self._edges:
            counts[0] += len(ids)
            return
        if not ids:
            return
        first = max(0, bisect_right(self._edges, ids.min()) - 1)
        last = bisect_right(self._edges, ids.max())
        for bucket in range(first, min(last, self._buckets)):
            counts[bucket] += ids.range_cardinality(self._edges[bucket], self._edges[bucket + 1])
