"""Keeping the index: writes blocks when they are full, and builds all of it where there is none."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from flagkeeper.eventlog.index import directory, store
from flagkeeper.eventlog.index.block import Block
from flagkeeper.eventlog.index.memory import SIZES, Sizes, end_of, start_of
from flagkeeper.eventlog.index.store import Span
from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.eventlog.read import LogRows, log_position
from flagkeeper.kernel import threads
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.kernel.progress import Progress
from flagkeeper.kernel.rests import Rest, Rests, restless
from flagkeeper.storage.connection import DRIVER_ERRORS
from flagkeeper.storage.database import Database
from flagkeeper.storage.transaction import Transaction
from flagkeeper.supervisor import SupervisedTask

log = structlog.get_logger("flagkeeper.index")

_BATCH = 100
_IDLE = 30.0
"""Seconds after which the index is looked after even if nothing seems to have happened."""


class Indexer:
    """Writes blocks, one transaction each. `politely`: it rests as long as it works, so that changes are not slowed
    down."""

    def __init__(self, database: Database, rows: LogRows, *, politely: bool, sizes: Sizes = SIZES) -> None:
        self._database = database
        self._rows = rows
        self._politely = politely
        self.sizes = sizes

    def verify(self) -> None:
        """Empties an index that is about another log, or about a newer state of this one."""
        with _writing(self._database) as tx:
            head = log_position(tx)
            about = store.lock(tx)
            newest = store.newest(tx)
            if about == head.epoch and newest is None:
                return
            if about == head.epoch and newest is not None and newest[0].last <= head.last_id:
                (event,) = self._rows.of(tx, [newest[0].last])
                if event.created_at == newest[1]:
                    return
            if about is not None:
                log.warning("index_dropped", reason="it is about another log, or a newer state of this one")
            store.begin(tx, head.epoch)

    def step(self) -> tuple[int, bool]:
        """Writes the next block if it is full, makes one large block of small ones, or lists large ones in a directory.
        Returns the newest event on disk, and whether there was something to do."""
        with _writing(self._database) as tx:
            head = log_position(tx)
            if store.lock(tx) != head.epoch:
                store.begin(tx, head.epoch)
            newest = store.newest(tx)
            on_disk = newest[0].last if newest else 0
            if (
                newest
                and on_disk == end_of(on_disk, self.sizes.large)
                and newest[0].first > start_of(on_disk, self.sizes.large)
            ):
                self._merge(tx, Span(start_of(on_disk, self.sizes.large), on_disk))
                return on_disk, True
            for size in (self.sizes.large, self.sizes.small):
                first, last = on_disk + 1, end_of(on_disk + 1, size)
                if first == start_of(first, size) and last <= head.last_id:
                    self._write(tx, first, last)
                    return last, True
            if blocks := directory.due((span for span, _ in tx.all(store.BLOCKS)), self.sizes):
                directory.write(tx, blocks)
                return on_disk, True
        return on_disk, False

    def build(self, progress: Progress) -> None:
        """Throws the index away and builds it from the whole log."""
        with _writing(self._database) as tx:
            head = log_position(tx)
            store.begin(tx, head.epoch)
        self.complete(progress)

    def complete(self, progress: Progress) -> None:
        """Writes every block that is full."""
        with _writing(self._database) as tx:
            last = log_position(tx).last_id
        on_disk, done = self.step()
        while done:
            progress(on_disk, last)
            on_disk, done = self.step()

    def reindex(self, first: int, last: int) -> None:
        """Builds the blocks anew in which the events `first` to `last` are: they were rewritten."""
        with _writing(self._database) as tx:
            spans = [span for span, _ in tx.all(store.BLOCKS) if span.first <= last and span.last >= first]
        for span in spans:
            with _writing(self._database) as tx:
                store.lock(tx)
                self._write(tx, span.first, span.last)

    def _write(self, tx: Transaction, first: int, last: int) -> None:
        block, created_at, rest = Block(first), 0, self._rest()
        for start in range(first, last + 1, _BATCH):
            for event in self._rows.between(tx, start, min(last, start + _BATCH - 1)):
                block.add(event)
                created_at = event.created_at
            rest()
        store.write(tx, store.contents_of(block, created_at), rest)

    def _merge(self, tx: Transaction, span: Span) -> None:
        store.write(tx, store.merged(tx, span), self._rest())

    def _rest(self) -> Rest:
        return Rests() if self._politely else restless


class IndexMaintainer:
    """Runs the indexer for as long as the server runs. All replicas do so: the second one finds nothing to do."""

    def __init__(self, indexer: Indexer, log_reader: LogReader) -> None:
        self._indexer = indexer
        self._log_reader = log_reader
        self._task: SupervisedTask | None = None

    async def start(self) -> None:
        await asyncio.to_thread(self._indexer.verify)
        self._task = self._log_reader.supervisor.start("index-maintainer", self._keep)

    async def stop(self) -> None:
        if self._task is not None:
            await self._task.stop()

    async def _keep(self) -> None:
        position = 0
        while True:
            await self._log_reader.beyond(position, _IDLE)
            try:
                # It may have to read the archive, and nobody waits for that.
                on_disk, done = await asyncio.wrap_future(threads.start(self._indexer.step, "flagkeeper-index"))
            except DRIVER_ERRORS as error:
                raise Unavailable(f"The index cannot be written now: {error}") from error
            # The next block is full with this event and the one after it.
            position = on_disk if done else end_of(on_disk + 1, self._indexer.sizes.small) - 1


@contextmanager
def _writing(database: Database) -> Iterator[Transaction]:
    connection = database.connect(indexing=True)
    try:
        connection.begin()
        yield Transaction(connection)
        connection.commit()
    finally:
        connection.close()
