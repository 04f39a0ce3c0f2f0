"""A database with the means to change and read it, for tests that need no server."""

from concurrent.futures import Future
from typing import Any

from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.eventlog.log_signal import LogSignal
from flagkeeper.eventlog.query import Candidate, matches, parse
from flagkeeper.eventlog.read import EventRow, LogRows, log_position
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.flags.queries import tags_of_flags
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor, ActorKind
from flagkeeper.storage.database import Database, parse_database_url
from flagkeeper.storage.reader import Reader
from flagkeeper.supervisor import Supervisor

ALICE = Actor("alice@example.com", 7, "203.0.113.9", ActorKind.USER)


class Log:
    """Writer, readers and log signal on one database, as one process has them. Whoever follows the log starts
    `log_reader` first, and stops it last."""

    def __init__(self, database: Database | str) -> None:
        self.database = parse_database_url(database) if isinstance(database, str) else database
        self.log_signal = LogSignal()
        self.units = Units(self.database, self.log_signal, tags_of_flags)
        self.reader = Reader(self.database)
        self.supervisor = Supervisor()
        self.log_reader = LogReader(self.reader, self.log_signal, self.supervisor)
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
        return self.reader.now(log_position).last_id

    def events(self, query: str = "", limit: int = 1_000) -> list[EventRow]:
        """The newest events first: those that match, in the query language."""
        wanted = parse(query, clock.now())
        rows = self.reader.now(lambda tx: LogRows().between(tx, 1, log_position(tx).last_id))
        return [row for row in reversed(rows) if matches(wanted, Candidate(row))][:limit]

    def close(self) -> None:
        self.units.writer.stop()
        self.reader.stop()
