"""The newest events, read from the log once for all who listen in this process."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property

import msgspec

from flagkeeper.eventlog.catalogue.own import FlagkeeperActorPseudonymised
from flagkeeper.eventlog.follow import Wants
from flagkeeper.eventlog.query import Candidate, EventQuery, Visibility, matches
from flagkeeper.eventlog.query.evaluate import visible
from flagkeeper.eventlog.read import EventRow, LogEvent, LogPosition, View
from flagkeeper.readmodels.event_tail.wire import Mark, message
from flagkeeper.storage.transaction import Transaction

MOST_EVENTS = 1_000
"""Events in memory. Who is further behind reads from the log."""
MOST_CHARACTERS = 1_000_000
"""Of the payloads of these events together."""
PIECE = 64 * 1024
"""Bytes after which a piece is full: so much, and one event, is what each listener keeps in memory at most."""


class FreshEvent:
    """An event in memory: taken apart, and written, once for all who get it."""

    def __init__(self, row: EventRow) -> None:
        self.row = row
        self.size = len(row.data or "") + len(row.pre_data or "")
        self._written: dict[View, bytes] = {}

    @cached_property
    def candidate(self) -> Candidate:
        return Candidate(self.row)

    def written(self, epoch: str, view: View) -> bytes:
        found = self._written.get(view)
        if found is None:
            found = self._written[view] = message(Mark(epoch, self.row.id), self.row, view)
        return found


class Recent(msgspec.Struct, frozen=True, eq=False):
    """The events `first` to `last` of a log; none when `first` is larger."""

    epoch: str
    first: int
    last: int
    events: Sequence[FreshEvent] = ()


class Feed:
    """A follower in memory (`eventlog.follow`). It keeps nothing while nobody listens.

    Args:
        tell: called, on a reader's thread, when there is something new.
    """

    name = "live-tail"
    wants = Wants()

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self.listened = False
        self.recent = Recent("", 1, 0)

    def load(self, tx: Transaction, position: LogPosition) -> None:
        del tx
        self._put(Recent(position.epoch, position.last_id + 1, position.last_id))

    def apply(self, tx: Transaction, batch: Sequence[LogEvent], position: LogPosition) -> None:
        del tx
        if not self.listened:
            self._put(Recent(position.epoch, position.last_id + 1, position.last_id))
            return
        events = _newest([*self.recent.events, *map(FreshEvent, batch)])
        oldest = events[0].row.id if events else position.last_id + 1
        self._put(Recent(position.epoch, oldest, position.last_id, events))

    def _put(self, recent: Recent) -> None:
        self.recent = recent
        self._tell()


def _newest(events: list[FreshEvent]) -> list[FreshEvent]:
    """As many as may stay in memory. A pseudonym that replaced a name drops what may still have the name in it."""
    start, size = max(0, len(events) - MOST_EVENTS), 0
    for place in range(len(events) - 1, start - 1, -1):
        size += events[place].size
        if size > MOST_CHARACTERS and place < len(events) - 1:
            return events[place + 1 :]
        if events[place].row.type == FlagkeeperActorPseudonymised.about.type:
            return events[place:]
    return events[start:]


class Piece(msgspec.Struct, frozen=True):
    """Some matching events, ready to be sent, and up to where that was all of them."""

    content: bytes
    events: int
    position: int


class Channel:
    """What all those get who asked the same, may see the same, and see it the same way."""

    def __init__(self, query: EventQuery, visibility: Visibility, view: View) -> None:
        self.query = query
        self.visibility = visibility
        self.view = view
        self._recent: Recent | None = None
        self._pieces: dict[int, Piece] = {}

    def after(self, recent: Recent, position: int) -> Piece:
        """What comes after the event `position`, which must be `recent.first - 1` or later."""
        if recent is not self._recent:
            self._recent, self._pieces = recent, {}
        found = self._pieces.get(position)
        if found is None:
            found = self._pieces[position] = self._piece(recent, position)
        return found

    def _piece(self, recent: Recent, position: int) -> Piece:
        contents: list[bytes] = []
        size = 0
        start = bisect_right(recent.events, position, key=lambda event: event.row.id)
        for event in recent.events[start:]:
            if visible(event.row, self.visibility) and matches(self.query, event.candidate):
                contents.append(event.written(recent.epoch, self.view))
                size += len(contents[-1])
                if size >= PIECE:
                    return Piece(b"".join(contents), len(contents), event.row.id)
        return Piece(b"".join(contents), len(contents), recent.last)
