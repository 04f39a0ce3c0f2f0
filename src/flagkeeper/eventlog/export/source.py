"""Where the events of an export come from: all that are wanted, oldest first, some at a time."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec

from flagkeeper.eventlog.index.search import Found, Search
from flagkeeper.eventlog.query import ALL, Candidate, EventQuery, Visibility, matches
from flagkeeper.eventlog.query.conditions import depends_on_text
from flagkeeper.eventlog.query.evaluate import visible
from flagkeeper.eventlog.read import EventRow, LogRows
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction

SMALLEST, LARGEST = 5, 1_000
"""Events per read."""
BATCH_SIZE = 1_000_000
"""Characters of payload that a read aims at, so that memory does not depend on how large events are."""
IDS = 20_000
"""Matching ids that are found at once."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to export: the events `after` < id <= `until` that match and that the reader may see."""

    query: EventQuery
    visibility: Visibility
    after: int
    until: int

    @property
    def everything(self) -> bool:
        """Whether no event between the two is left out."""
        return self.query == ALL and self.visibility.everything


class Batch(msgspec.Struct, frozen=True):
    """The next wanted events."""

    rows: list[EventRow]
    reached: int
    """The id up to which no further event is wanted: where an export that was cut off goes on."""


class Source(Protocol):
    """Each batch is read in a transaction of its own: nothing is held open while it is sent."""

    async def total(self, wanted: Wanted) -> int | None:
        """How many events there are. None: only reading them would tell."""
        ...

    def batches(self, wanted: Wanted) -> AsyncIterator[Batch]:
        """Raises Unavailable when an event cannot be read: an export is never silently shorter."""
        ...


class Scan:
    """Reads every event and looks whether it is wanted. It needs no index; the command line has no complete one."""

    def __init__(self, reader: Reader, rows: LogRows) -> None:
        self._reader = reader
        self._rows = rows

    async def total(self, wanted: Wanted) -> int | None:
        return max(0, wanted.until - wanted.after) if wanted.everything else None

    async def batches(self, wanted: Wanted) -> AsyncIterator[Batch]:
        after, size = wanted.after, SMALLEST
        while after < wanted.until:
            ids = range(after + 1, min(after + size, wanted.until) + 1)
            rows = await self._reader.run(_read, self._rows, ids)
            after, size = ids[-1], _next_size(rows, size)
            yield Batch(_only(wanted, rows), after)


class Indexed:
    """Finds the ids in the index, and reads only those events.

    The index gives up on a text that very many values contain. Then it is asked the rest of the question, and the
    events that it finds are looked at one by one.
    """

    def __init__(self, reader: Reader, rows: LogRows, search: Search) -> None:
        self._reader = reader
        self._rows = rows
        self._search = search

    async def total(self, wanted: Wanted) -> int | None:
        return await self._reader.run(self._total, wanted)

    def _total(self, tx: Transaction, wanted: Wanted) -> int | None:
        until, after = (
            self._search.total(tx, wanted.query, wanted.visibility, before=end + 1)
            for end in (wanted.until, wanted.after)
        )
        return max(0, until.events - after.events) if until.exact and after.exact else None

    async def batches(self, wanted: Wanted) -> AsyncIterator[Batch]:
        after, size = wanted.after, SMALLEST
        while True:
            ids, certain = await self._reader.run(self._find, wanted, after)
            if not ids:
                return
            after = ids[-1]
            while ids:
                rows = await self._reader.run(_read, self._rows, ids[:size])
                ids = ids[size:]
                size = _next_size(rows, size)
                yield Batch(rows if certain else _only(wanted, rows), rows[-1].id)

    def _find(self, tx: Transaction, wanted: Wanted, after: int) -> tuple[list[int], bool]:
        """The next ids, and whether all of them are wanted."""
        found = self._asked(tx, wanted, wanted.query, after)
        texts = tuple(each for each in wanted.query.conditions if depends_on_text(each))
        if not texts or (found.complete and len(found.ids) < IDS):
            return found.ids, True
        rest = tuple(each for each in wanted.query.conditions if each not in texts)
        found = self._asked(tx, wanted, msgspec.structs.replace(wanted.query, conditions=rest), after)
        if not found.complete:
            raise Unavailable("The index cannot find all events of this export. Ask for less.")
        return found.ids, False

    def _asked(self, tx: Transaction, wanted: Wanted, query: EventQuery, after: int) -> Found:
        return self._search.find(tx, query, wanted.visibility, limit=IDS, after=after, before=wanted.until + 1)


def _read(tx: Transaction, log: LogRows, ids: Sequence[int]) -> list[EventRow]:
    first, last = ids[0], ids[-1]
    if last - first + 1 > len(ids):
        return log.of(tx, ids)
    rows = log.between(tx, first, last)
    if len(rows) < len(ids):
        raise Unavailable(f"Some of the events {first} to {last} are neither in the database nor in the archive.")
    return rows


def _only(wanted: Wanted, rows: list[EventRow]) -> list[EventRow]:
    if wanted.everything:
        return rows
    return [row for row in rows if visible(row, wanted.visibility) and matches(wanted.query, Candidate(row))]


def _next_size(rows: Sequence[EventRow], size: int) -> int:
    characters = sum(len(row.data or "") + len(row.pre_data or "") for row in rows)
    fitting = len(rows) * BATCH_SIZE // max(1, characters)
    return max(SMALLEST, min(fitting, 2 * size, LARGEST))
