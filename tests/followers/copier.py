"""A durable follower that copies events, run as a process of its own so that it can be killed.

    python tests/followers/copier.py URL NAME [KILL]

With KILL, the process kills itself in the middle of handling its KILL-th batch: rows are written, nothing is committed.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, insert, select

from flagkeeper.eventlog.durable import DurableRunner
from flagkeeper.eventlog.follow import Wants
from flagkeeper.eventlog.notifier import Notifier
from flagkeeper.eventlog.read import LogEvent
from flagkeeper.kernel import clock
from flagkeeper.storage.database import Database
from flagkeeper.storage.statement import Query, Write, columns
from flagkeeper.storage.transaction import Transaction
from tests.log import Log

SMALL_BATCH = 7
SHORT_LEASE = 2 * clock.SECOND

copies = Table(
    "copies",
    MetaData(),
    Column("nanosecond", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, nullable=False),
    Column("copied_by", Text, nullable=False),
    Column("process", Integer, nullable=False),
)
"""Nothing here forbids to copy an event twice: that would be seen."""

_COPY = Write[Any](insert(copies))
_COPIES = Query(select(copies.c.event_id, copies.c.copied_by, copies.c.process).order_by(copies.c.nanosecond), columns)


class Copier:
    """Copies the events of applications."""

    name = "copier"
    wants = Wants(types=frozenset({"application-created"}))

    def __init__(self, copied_by: str, kill_at: int | None = None) -> None:
        self._copied_by = copied_by
        self._kill_at = kill_at
        self._batches = 0

    def is_urgent(self, event: LogEvent) -> bool:
        return True

    def handle(self, tx: Transaction, batch: Sequence[LogEvent]) -> None:
        for event in batch:
            tx.write(
                _COPY, nanosecond=time.time_ns(), event_id=event.id, copied_by=self._copied_by, process=os.getpid()
            )
        self._batches += 1
        if self._batches == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def make_table(database: Database) -> None:
    engine = database.engine()
    copies.metadata.create_all(engine)
    engine.dispose()


def copied(tx: Transaction) -> list[tuple[int, str, int]]:
    """In the order of copying: the event, by whom, and in which process."""
    return tx.all(_COPIES)


async def run(url: str, follower: Copier) -> None:
    log = Log(url)
    log.log_signal.attach(asyncio.get_running_loop())
    await log.log_reader.start()
    await Notifier(log.database, log.reader, log.log_signal, log.supervisor).start()
    runner = DurableRunner(follower, log.units, log.reader, log.log_reader, batch=SMALL_BATCH, lease=SHORT_LEASE)
    await runner.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], Copier(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None)))
