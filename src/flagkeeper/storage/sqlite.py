"""A connection to an SQLite file."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from flagkeeper.storage.connection import LOCK_PATIENCE, Failure
from flagkeeper.storage.dialects import Dialect, positional_insert

_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DOWN = frozenset(
    {
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    }
)


class SqliteConnection:
    """WAL and `synchronous=FULL`: what was acknowledged survives a power cut; with group commit that costs nothing
    against NORMAL."""

    dialect = Dialect.SQLITE
    broken = False

    def __init__(
        self,
        path: str,
        *,
        readonly: bool = False,
        deadline: float | None = None,
        attached: str | None = None,
        filling: bool = False,
        patience: float = LOCK_PATIENCE,
    ) -> None:
        self.busy_since: float | None = None
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=patience
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
            "cache_size = -16384" if not readonly else "cache_size = -2048",
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
        self.busy_since = time.monotonic()
        try:
            self._cursor.execute(text, _as_sqlite(parameters))
            return (self._cursor.fetchall() if self._cursor.description else []), self._cursor.rowcount
        finally:
            self.busy_since = None

    def run_together(self, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[Any]]:
        return [self.run(text, parameters)[0] for text, parameters in asked]

    def run_many(self, text: str, parameters: Sequence[Mapping[str, Any]]) -> int:
        self._cursor.executemany(text, [_as_sqlite(each) for each in parameters])
        return self._cursor.rowcount

    def run_later(self, text: str, parameters: Mapping[str, Any]) -> None:
        self._cursor.execute(text, _as_sqlite(parameters))

    def copy_in(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        self._cursor.executemany(positional_insert(table, columns), rows)
        return self._cursor.rowcount

    def begin(self) -> None:
        if self._deadline is not None:
            self._late_at = time.monotonic() + self._deadline
        with self._busy():
            self._cursor.execute(self._begin)

    def commit(self) -> None:
        with self._busy():
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
        if code in _LOCKED:
            return Failure.LOCKED
        return Failure.DATABASE if code in _DOWN else Failure.STATEMENT

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self.busy_since = time.monotonic()
        try:
            yield
        finally:
            self.busy_since = None

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
    if list not in map(type, parameters.values()):  # a third of the time of a loop; this runs for every statement
        return parameters
    return {
        name: msgspec.json.encode(each).decode() if isinstance(each, list) else each
        for name, each in parameters.items()
    }
