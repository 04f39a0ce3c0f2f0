"""A database with the means to change and read it, for tests that need no server."""

from concurrent.futures import Future
from typing import Any

from flagkeeper.eventlog.bell import Bell
from flagkeeper.eventlog.query import Candidate, matches, parse
from flagkeeper.eventlog.read import EventRow, LogRows, epoch
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.flags.queries import tags_of_flags
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor
from flagkeeper.storage.database import Database, parse_database_url
from flagkeeper.storage.reader import Reader

ALICE = Actor("alice@example.com", 7, "203.0.113.9")


class Log:
    """Writer, readers and bell on one database, as one process of Flagkeeper has them."""

    def __init__(self, database: Database | str) -> None:
        self.database = parse_database_url(database) if isinstance(database, str) else database
        self.bell = Bell()
        self.units = Units(self.database, self.bell, tags_of_flags)
        self.reader = Reader(self.database)
        self.units.writer.start()

    def run(self, command: Any, *args: Any) -> Any:
        """Runs a command as Alice and waits for its commit."""
        return self.units.run_now(ALICE, command, *args)

    def submit(self, command: Any, *args: Any) -> "Future[Any]":
        """Hands a command to the writer and does not wait."""
        return self.units.submit(ALICE, command, *args)

    def read(self, query: Any, *args: Any) -> Any:
        return self.reader.now(query, *args)

    def count(self) -> int:
        """How many events there are."""
        return self.reader.now(epoch).last_id

    def events(self, query: str = "", limit: int = 1_000) -> list[EventRow]:
        """The newest events first: those that match, in the query language."""
        wanted = parse(query, clock.now())
        rows = self.reader.now(lambda tx: LogRows().between(tx, 1, epoch(tx).last_id))
        return [row for row in reversed(rows) if matches(wanted, Candidate(row))][:limit]

    def close(self) -> None:
        self.units.writer.stop()
        self.reader.stop()
