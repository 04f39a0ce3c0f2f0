"""One connection to either database, with the same words for transactions, and its failures sorted by what to do."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import Enum, auto
from typing import Any, Protocol

import msgspec
import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper

from flagkeeper.storage.dialects import Dialect, positional_insert

DRIVER_ERRORS = (sqlite3.Error, psycopg.Error)
"""What any statement, and opening a connection, may raise."""


_SAVEPOINT = b"SAVEPOINT unit"
_SQLITE_IS_DOWN = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    }
)


class Failure(Enum):
    """What an exception of a driver means to the one who ran the statement."""

    STATEMENT = auto()
    """The statement was refused; the transaction may still stand."""
    REFERENCE = auto()
    """The same, because what a row refers to is not there (any more)."""
    RETRY = auto()
    """A deadlock or a serialization conflict: the same work may be run again at once."""
    TIMEOUT = auto()
    """It ran past its deadline and was cut off."""
    DATABASE = auto()
    """The database is gone, full or unwritable: nothing can be done until it comes back."""


class Connection(Protocol):
    """What the writer and the readers need of a connection. Transactions are explicit and never nest silently."""

    dialect: Dialect

    def run(self, text: str, parameters: Mapping[str, Any]) -> tuple[list[Any], int]:
        """Rows (none for a statement that returns none) and the number of rows affected."""
        ...

    def run_together(self, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[Any]]:
        """The rows of several queries, in one round trip where that saves one."""
        ...

    def run_many(self, text: str, parameters: Sequence[Mapping[str, Any]]) -> int: ...
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


class SqliteConnection:
    """WAL and `synchronous=FULL`: what was acknowledged survives a power cut; with group commit that costs nothing
    against NORMAL (facts: stack.md, section 2)."""

    dialect = Dialect.SQLITE

    def __init__(
        self,
        path: str,
        *,
        readonly: bool = False,
        deadline: float | None = None,
        attached: str | None = None,
        filling: bool = False,
    ) -> None:
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=10
        )
        self._cursor = self._connection.cursor()
        self._deadline = deadline
        self._late_at = 0.0
        if deadline is not None:
            # A look at the clock every 20,000 steps of SQLite's machine is about one a millisecond.
            self._connection.set_progress_handler(lambda: time.monotonic() > self._late_at, 20_000)
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            "cache_size = -32768" if not readonly else "cache_size = -8192",
            "mmap_size = 268435456",
            "query_only = ON" if readonly else "query_only = OFF",
        ):
            self._cursor.execute(f"PRAGMA {pragma}")
        if filling:
            # In place: a write-ahead log would grow to the size of all that is written, and be read through for each
            # page. With others there it stays; the next connection brings it back.
            with suppress(sqlite3.OperationalError):
                self._cursor.execute("PRAGMA journal_mode = DELETE")
        if attached is not None:
            self._cursor.execute("ATTACH ? AS beside", (attached,))
            self._cursor.execute("PRAGMA beside.synchronous = NORMAL")
            # It is looked into all over: mapped, a look costs no copy. 2 GB less a page are the most that SQLite maps.
            self._cursor.execute("PRAGMA beside.mmap_size = 2147418112")
        # With a file attached, IMMEDIATE would lock both.
        self._begin = "BEGIN" if readonly or attached is not None else "BEGIN IMMEDIATE"

    def run(self, text: str, parameters: Mapping[str, Any]) -> tuple[list[Any], int]:
        self._cursor.execute(text, _as_sqlite(parameters))
        return (self._cursor.fetchall() if self._cursor.description else []), self._cursor.rowcount

    def run_together(self, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[Any]]:
        return [self.run(text, parameters)[0] for text, parameters in asked]

    def run_many(self, text: str, parameters: Sequence[Mapping[str, Any]]) -> int:
        self._cursor.executemany(text, [_as_sqlite(each) for each in parameters])
        return self._cursor.rowcount

    def copy_in(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        self._cursor.executemany(positional_insert(table, columns), rows)
        return self._cursor.rowcount

    def begin(self) -> None:
        if self._deadline is not None:
            self._late_at = time.monotonic() + self._deadline
        self._cursor.execute(self._begin)

    def commit(self) -> None:
        self._cursor.execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self._cursor.execute("ROLLBACK")

    def savepoint(self) -> None:
        self._cursor.execute("SAVEPOINT unit")

    def rollback_to_savepoint(self) -> None:
        self._cursor.execute("ROLLBACK TO unit")

    def standing(self) -> bool:
        return self._connection.in_transaction

    def failure(self, error: BaseException) -> Failure | None:
        if not isinstance(error, sqlite3.Error):
            return None
        extended = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        if extended == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
            return Failure.REFERENCE
        code = extended & 0xFF  # the primary code of an extended one
        if code == sqlite3.SQLITE_INTERRUPT:
            return Failure.TIMEOUT
        return Failure.DATABASE if code in _SQLITE_IS_DOWN else Failure.STATEMENT

    def data_version(self) -> int:
        """A number that changes when another connection has changed the file."""
        return int(self._cursor.execute("PRAGMA data_version").fetchone()[0])

    def backup_to(self, path: str, pages: int, progress: Callable[[int, int, int], object]) -> None:
        """Copies the whole database, as of one moment, while others go on reading and writing."""
        with sqlite3.connect(path) as target:
            self._connection.backup(target, pages=pages, progress=progress)
        target.close()

    def close(self) -> None:
        self._connection.close()


def _as_sqlite(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Lists (of `any_of`) become JSON text, which `json_each` reads."""
    for value in parameters.values():
        if isinstance(value, list):
            return {
                name: msgspec.json.encode(each).decode() if isinstance(each, list) else each
                for name, each in parameters.items()
            }
    return parameters


class PostgresqlConnection:
    """psycopg 3, prepared statements, and time-outs that make a vanished server an error instead of a hang."""

    dialect = Dialect.POSTGRESQL

    def __init__(self, url: str, *, readonly: bool = False, deadline: float | None = None) -> None:
        self._connection = psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=5,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=10_000,
            application_name="flagkeeper",
        )
        # One width for all integers, or a statement would be prepared once per combination of widths.
        self._connection.adapters.register_dumper(int, Int8Dumper)
        self._connection.prepare_threshold = 2
        self._connection.prepared_max = 1_000
        self._cursor = self._connection.cursor()
        self._begin = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if readonly else b"BEGIN"
        self._ahead: list[bytes] = []
        """What goes before the next statement, in its round trip."""
        if deadline is not None:
            self._cursor.execute(f"SET statement_timeout = {int(deadline * 1000)}".encode())
        if not readonly:
            self._cursor.execute("SET idle_in_transaction_session_timeout = '30s'")
            self._cursor.execute("SET lock_timeout = '20s'")

    def run(self, text: str, parameters: Mapping[str, Any]) -> tuple[list[Any], int]:
        with self._with_what_is_ahead():
            self._cursor.execute(text.encode(), parameters)
        result = self._cursor.pgresult
        return (self._cursor.fetchall() if result and result.nfields else []), self._cursor.rowcount

    def run_together(self, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[Any]]:
        ahead, self._ahead = self._ahead, []
        with self._connection.pipeline():
            for text in ahead:
                self._connection.execute(text)
            cursors = [self._connection.execute(text.encode(), parameters) for text, parameters in asked]
        return [cursor.fetchall() for cursor in cursors]

    def run_many(self, text: str, parameters: Sequence[Mapping[str, Any]]) -> int:
        with self._with_what_is_ahead():
            self._cursor.executemany(text.encode(), parameters)
        return self._cursor.rowcount

    def copy_in(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        for text in self._ahead:  # COPY goes through no pipeline
            self._cursor.execute(text)
        self._ahead.clear()
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
        with self._cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        return self._cursor.rowcount

    @contextmanager
    def _with_what_is_ahead(self) -> Iterator[None]:
        """Sends BEGIN and SAVEPOINT in the round trip of the statement that follows them."""
        if not self._ahead:
            yield
            return
        with self._connection.pipeline():
            for text in self._ahead:
                self._connection.execute(text)
            self._ahead.clear()
            yield

    def begin(self) -> None:
        self._ahead.append(self._begin)

    def commit(self) -> None:
        if not self._ahead:
            self._cursor.execute(b"COMMIT")
        self._ahead.clear()

    def rollback(self) -> None:
        self._ahead.clear()
        if not self._connection.closed and self._status() != TransactionStatus.IDLE:
            self._cursor.execute(b"ROLLBACK")

    def savepoint(self) -> None:
        self._ahead.append(_SAVEPOINT)

    def rollback_to_savepoint(self) -> None:
        if _SAVEPOINT in self._ahead:
            self._ahead.remove(_SAVEPOINT)
        else:
            self._cursor.execute(b"ROLLBACK TO unit")

    def standing(self) -> bool:
        return bool(self._ahead) or self._status() == TransactionStatus.INTRANS

    def _status(self) -> TransactionStatus:
        return self._connection.info.transaction_status

    def failure(self, error: BaseException) -> Failure | None:
        if not isinstance(error, psycopg.Error):
            return None
        if isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
            return Failure.RETRY
        if isinstance(error, psycopg.errors.QueryCanceled):
            return Failure.TIMEOUT
        if isinstance(error, psycopg.errors.ForeignKeyViolation):
            return Failure.REFERENCE
        return Failure.DATABASE if isinstance(error, psycopg.OperationalError) else Failure.STATEMENT

    def close(self) -> None:
        self._connection.close()
