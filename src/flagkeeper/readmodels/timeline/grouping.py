"""Which events of a timeline stand together (facts: endpoints-events.md, section 8)."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from flagkeeper.eventlog.read import LogRows
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.transaction import Transaction

CELLS = 100
"""Half of the distance (2 % of the window) within which an event joins the one before it."""


class Cluster(msgspec.Struct, frozen=True):
    """Neighbouring events: a range of positions in the list of ids, `end` not included."""

    start: int
    end: int


def clusters(tx: Transaction, rows: LogRows, ids: Sequence[int], start: Millis, end: Millis) -> list[Cluster]:
    """The groups of the events `ids`, which rise and lie between `start` and `end`.

    An event joins the group whose last event is no further away than 2 % of the window. Of tens of thousands of events
    only some are read: the window is cut into cells of 1 %, so that events of neighbouring cells always stand together,
    and where cells are empty the times on both sides decide.
    """
    if not ids:
        return []
    breaks = _gaps(tx, rows, ids, start, end)
    borders = sorted({ids[place - 1] for place in breaks} | {ids[place] for place in breaks})
    times = {row.id: row.created_at for row in rows.of(tx, borders)}
    apart = (end - start) // CELLS * 2
    real = [place for place in breaks if times[ids[place]] - times[ids[place - 1]] > apart]
    return [Cluster(*each) for each in pairwise([0, *real, len(ids)])]


def _gaps(tx: Transaction, rows: LogRows, ids: Sequence[int], start: Millis, end: Millis) -> list[int]:
    """Positions in `ids` before which at least one cell is empty."""
    cell = (end - start) // CELLS
    edges = rows.first_ids(tx, [start + i * cell for i in range(1, CELLS)])
    # Where each cell begins among the ids; no event at that time or later means: at their end.
    starts = [0, *(len(ids) if edge is None else bisect_left(ids, edge) for edge in edges), len(ids)]
    filled = [i for i, (first, after) in enumerate(pairwise(starts)) if first < after]
    return [starts[later] for earlier, later in pairwise(filled) if later > earlier + 1]
