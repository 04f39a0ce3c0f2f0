"""Events written straight into the log of a database, as if they had happened, and the means to search it."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, insert, update

from flagkeeper.eventlog.index import store
from flagkeeper.eventlog.index.maintainer import Indexer
from flagkeeper.eventlog.index.memory import MemoryIndex, Sizes
from flagkeeper.eventlog.index.search import Search
from flagkeeper.eventlog.query import EVERYTHING, EventQuery, Visibility
from flagkeeper.eventlog.read import EventRow, LogRows, log_position
from flagkeeper.eventlog.tables import events, log_head
from flagkeeper.storage.database import Database, parse_database_url
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction

START = 1_770_000_000_000
"""When the first event happened (February 2026)."""
MINUTE = 60_000
SMALL_BLOCKS = Sizes(small=32, large=128, listed=2)
"""So that some hundred events fill every kind of block."""

_ADD = Write[Any](insert(events))
_MOVE = Write[Any](
    update(log_head)
    .where(log_head.c.id == bindparam("head"))
    .values(last_id=bindparam("last"), last_created_at=bindparam("at"))
)


def row(event_id: int, **changes: Any) -> EventRow:
    """An event; one happens each minute."""
    given: dict[str, Any] = {
        "id": event_id,
        "type": "feature-created",
        "created_at": START + event_id * MINUTE,
        "created_by": "alice@example.com",
        "created_by_user_id": 7,
        "project": "default",
        "environment": None,
        "feature_name": "checkout",
        "data": None,
        "pre_data": None,
        "tags": "[]",
        "label": "Flag created",
        "summary": "alice created a flag",
        "ip": "203.0.113.9",
        "group_type": None,
        "group_id": None,
        "more": None,
    }
    return EventRow(**{**given, **changes})


def write_log(database: Database, rows: Sequence[EventRow]) -> None:
    """Puts events into the log, after those that are in it already."""
    connection = database.connect()
    try:
        connection.begin()
        tx = Transaction(connection)
        tx.write_many(_ADD, [{**msgspec.structs.asdict(each), "subject": "test", "reach": 0} for each in rows])
        tx.write(_MOVE, head=1, last=rows[-1].id, at=rows[-1].created_at)
        connection.commit()
    finally:
        connection.close()


class SearchedLog:
    """One process's means to search a log, with small blocks."""

    def __init__(self, database_url: str, sizes: Sizes = SMALL_BLOCKS) -> None:
        self.database = parse_database_url(database_url)
        store.prepare(self.database)
        self.reader = Reader(self.database, threads=1)
        self.rows = LogRows()
        self.indexer = Indexer(self.database, self.rows, politely=False, sizes=sizes)
        self.tail = MemoryIndex(sizes)
        self.search = Search(self.tail, self.rows)

    def load(self) -> None:
        """Reads the tail anew."""
        self.reader.now(lambda tx: self.tail.load(tx, log_position(tx)))

    def find(
        self, query: EventQuery, visibility: Visibility = EVERYTHING, *, limit: int = 100_000, **where: int
    ) -> list[int]:
        return self.reader.now(self.search.find, query, visibility, limit=limit, **where).ids

    def total(self, query: EventQuery, visibility: Visibility = EVERYTHING) -> int:
        return self.reader.now(self.search.total, query, visibility).events

    def close(self) -> None:
        self.reader.stop()
