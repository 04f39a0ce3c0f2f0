"""Which events of a timeline stand together."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from flagkeeper.eventlog.read import LogRows
from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.transaction import Transaction

CELLS = 4
"""Into so many cells the length of a mark is cut."""


class Cluster(msgspec.Struct, frozen=True):
    """Neighbouring events: a range of positions in the list of ids, `end` not included."""

    start: int
    end: int


def cell_of(start: Millis, end: Millis, marks: int) -> Millis:
    """How long a cell is, so that `start` to `end` touches no more than `CELLS` for each mark. Full hours where it can
    be: the first event of one is remembered (`LogRows.first_ids`)."""
    cell = -(-(end - start + 1) // (CELLS * marks - 1))
    return cell if cell < clock.HOUR else -(-cell // clock.HOUR) * clock.HOUR


def clusters(
    tx: Transaction, rows: LogRows, ids: Sequence[int], start: Millis, end: Millis, marks: int
) -> list[Cluster]:
    """The groups of the events `ids`, which rise and lie between `start` and `end`: no more than `marks`.

    Time is cut into cells that begin where they do whatever window is looked at, so that marks stay when it moves on. A
    group begins with an event that is in none before it, and ends with the fourth cell from there: so no group is
    longer than a mark is wide, and no event is read but the first ones of cells.
    """
    if not ids:
        return []
    cell = cell_of(start, end, marks)
    edges = range((start // cell + 1) * cell, end + 1, cell)
    # Where each cell begins among the ids; no event at that time or later means: at their end.
    places = [len(ids) if found is None else bisect_left(ids, found) for found in rows.first_ids(tx, edges)]
    begins, reached = [], -CELLS
    for number, (first, after) in enumerate(pairwise([0, *places, len(ids)])):
        if first < after and number >= reached + CELLS:
            begins.append(first)
            reached = number
    return [Cluster(*each) for each in pairwise([*begins, len(ids)])]
