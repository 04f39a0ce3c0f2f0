"""One connection to either database, with the same words for transactions, and its failures sorted by what to do."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Any, Protocol

import psycopg

from flagkeeper.storage.dialects import Dialect

DRIVER_ERRORS = (sqlite3.Error, psycopg.Error)
"""What any statement, and opening a connection, may raise."""

LOCK_PATIENCE = 0.5
"""Seconds that a statement waits for a lock that another transaction holds, before it gives up; others wait too."""
INDEX_PATIENCE = 30.0
"""The same for those who write the index: a block takes seconds, and only other indexers wait."""


class Failure(Enum):
    """What an exception of a driver means to the one who ran the statement."""

    STATEMENT = auto()
    """The statement was refused; the transaction may still stand. A defect of ours, if nobody expected it."""
    REFERENCE = auto()
    """The same, because what a row refers to is not there (any more)."""
    RETRY = auto()
    """A deadlock or a serialization conflict: the same work may be run again at once."""
    LOCKED = auto()
    """Somebody else held a lock for too long. The database is well; the same work may be tried again later."""
    TIMEOUT = auto()
    """It ran past its deadline and was cut off."""
    DATABASE = auto()
    """The database is gone, full or unwritable: nothing can be done until it comes back."""

    @property
    def passes(self) -> bool:
        """The work itself is sound: it may be tried again, now or when the database is back."""
        return self in (Failure.RETRY, Failure.LOCKED, Failure.TIMEOUT, Failure.DATABASE)


class Connection(Protocol):
    """What the writer and the readers need of a connection. Transactions are explicit and never nest silently."""

    dialect: Dialect

    busy_since: float | None
    """When (`time.monotonic`) the statement began that the database has not answered yet."""

    @property
    def broken(self) -> bool:
        """The connection is of no more use: only a new one can help."""
        ...

    def run(self, text: str, parameters: Mapping[str, Any]) -> tuple[list[Any], int]:
        """Rows (none for a statement that returns none) and the number of rows affected."""
        ...

    def run_together(self, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[Any]]:
        """The rows of several queries, in one round trip where that saves one."""
        ...

    def run_many(self, text: str, parameters: Sequence[Mapping[str, Any]]) -> int: ...
    def run_later(self, text: str, parameters: Mapping[str, Any]) -> None:
        """Runs a statement whose rows nobody needs, at the latest with the commit: in its round trip, if that saves
        one. What it raises comes from there then, and nothing is committed."""
        ...

    def copy_in(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Puts rows into a table the fastest way there is. Returns how many."""
        ...

    def begin(self) -> None: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def savepoint(self) -> None: ...
    def rollback_to_savepoint(self) -> None: ...
    def standing(self) -> bool:
        """True while a transaction is open and can be committed."""
        ...

    def failure(self, error: BaseException) -> Failure | None:
        """None when `error` did not come from the driver."""
        ...

    def close(self) -> None: ...
