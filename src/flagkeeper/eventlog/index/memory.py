"""The newest events, indexed in the memory of each process, so that what just happened is found at once."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from sqlalchemy import bindparam, select

from flagkeeper.eventlog.catalogue.own import FlagkeeperActorPseudonymised
from flagkeeper.eventlog.follow import Wants
from flagkeeper.eventlog.index import store
from flagkeeper.eventlog.index.block import Block
from flagkeeper.eventlog.read import LogEvent, LogPosition
from flagkeeper.eventlog.tables import events
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction


class Sizes(msgspec.Struct, frozen=True):
    """How many events there are in a block: of ids that begin at a multiple of it."""

    small: int = 4_096
    """When a block is first written. A start reads at most about so many events into memory."""
    large: int = 32_768
    """For good: ten million events are 306 blocks. A multiple of `small`."""
    listed: int = 16
    """Large blocks that a directory lists. 31 at most, for each has a bit of a number."""

    @property
    def most_in_memory(self) -> int:
        """At a start. When more are not on disk yet, the index is being built, and memory begins near the end."""
        return 4 * self.small


SIZES = Sizes()
_BATCH = 100
_PSEUDONYMISED = FlagkeeperActorPseudonymised.about.type
_FEW, _PAUSE = 10, 0.0003
"""Events that are taken in at a time, and the seconds for which others have the interpreter then."""


class IndexedEvent(msgspec.Struct, frozen=True):
    """What the index reads of an event."""

    id: int
    type: str
    created_at: Millis
    created_by: str
    created_by_user_id: int | None
    project: str | None
    environment: str | None
    feature_name: str | None
    data: str | None
    pre_data: str | None
    tags: str
    group_id: str | None
    more: str | None


EVENTS = Query(
    select(*(events.c[name] for name in IndexedEvent.__struct_fields__))
    .where(events.c.id > bindparam("position"), events.c.id <= bindparam("last"))
    .order_by(events.c.id)
    .limit(bindparam("limit")),
    IndexedEvent,
)


class MemoryIndex:
    """A follower in memory (`eventlog.follow`): small blocks, from the end of what is on disk."""

    name = "memory-index"
    wants = Wants()

    def __init__(self, sizes: Sizes = SIZES) -> None:
        self._size = sizes.small
        self._most = sizes.most_in_memory
        self._lock = threading.Lock()
        self._blocks: list[Block] = []
        self._epoch = ""
        self._end = 0
        """The newest event in memory."""

    def load(self, tx: Transaction, position: LogPosition) -> None:
        with self._lock:
            self._blocks = []
            self._epoch = position.epoch
        on_disk = _end_on_disk(tx, position.epoch)
        if position.last_id - on_disk > self._most:
            on_disk = start_of(position.last_id, self._size) - 1
        self._end = on_disk
        self._read(tx, position.last_id)

    def apply(self, tx: Transaction, batch: Sequence[LogEvent], position: LogPosition) -> None:
        if any(event.type == _PSEUDONYMISED for event in batch):
            # Names that are indexed stand nowhere any more.
            self.load(tx, position)
        elif batch and batch[0].id == self._end + 1:
            self._take(batch, pause=_PAUSE)
        self._read(tx, position.last_id, pause=_PAUSE)
        if len(self._blocks) > 1:
            self._drop(_end_on_disk(tx, position.epoch))

    @contextmanager
    def blocks(self, epoch: str) -> Iterator[list[Block]]:
        """The blocks in memory, the newest first, which stand still meanwhile; none of another log."""
        with self._lock:
            yield self._blocks[::-1] if epoch == self._epoch else []

    def _read(self, tx: Transaction, last: int, pause: float = 0.0) -> None:
        while self._end < last:
            found = tx.all(EVENTS, position=self._end, last=last, limit=_BATCH)
            if not found:
                return
            self._take(found, pause)

    def _take(self, found: Sequence[IndexedEvent | LogEvent], pause: float) -> None:
        for start in range(0, len(found), _FEW):
            few = found[start : start + _FEW]
            with self._lock:
                for event in few:
                    if not self._blocks or event.id // self._size != self._blocks[-1].first // self._size:
                        self._blocks.append(Block(event.id))
                    self._blocks[-1].add(event)
            self._end = few[-1].id
            time.sleep(pause)

    def _drop(self, on_disk: int) -> None:
        with self._lock:
            # What is being written to now stays, on disk or not: there must be somewhere to go on.
            self._blocks = [*(block for block in self._blocks[:-1] if block.last > on_disk), self._blocks[-1]]


def start_of(event_id: int, size: int) -> int:
    """The first id of the block in which an event belongs. Ids begin at 1."""
    return max(1, event_id // size * size)


def end_of(event_id: int, size: int) -> int:
    """The last id of the block in which an event belongs."""
    return event_id // size * size + size - 1


def _end_on_disk(tx: Transaction, epoch: str) -> int:
    newest = tx.first(store.NEWEST)
    return newest[0].last if newest and newest[1] == epoch else 0
