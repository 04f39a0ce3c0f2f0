"""A connection to PostgreSQL: psycopg opens it, libpq runs the statements, in as few round trips as there can be.

Statements go to libpq directly (`psycopg.pq`). Through psycopg's cursors, three queries in one round trip took 187 us,
128 of them Python's; so they take 32, and 12 (ADR 0306). Rows are still decoded by psycopg's loaders.
"""

import re
import select
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import msgspec
import psycopg
from psycopg import pq, sql
from psycopg.adapt import Transformer
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

from flagkeeper.storage.connection import LOCK_PATIENCE, Failure
from flagkeeper.storage.dialects import Dialect

IDLE_PATIENCE = 3.0
"""Seconds after which the database ends a transaction whose process has fallen silent: a server that was stopped while
it held the lock of the log must not hold up the others."""

_CONNECT_SECONDS = 2
_LATE = 1.0
"""Seconds that a statement may be late which the database should have cut off: then the database does not move."""
_MOST_PREPARED = 1_000
"""Statements known to one connection, before it begins anew: searches have hundreds of shapes."""

_BOOLEAN, _BYTES, _INTEGER, _FLOAT, _UNKNOWN = 16, 17, 20, 701, 0
"""Types of parameters. One width for all integers, or a statement would be prepared once per combination of widths."""

_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")

Asked = tuple[str, Mapping[str, Any]]

_SAVEPOINT: Asked = ("SAVEPOINT unit", {})


class _Shape(msgspec.Struct, frozen=True):
    """A statement in libpq's words: `$1` for `%(name)s`."""

    text: bytes
    names: tuple[str, ...]


class _Ready(msgspec.Struct):
    """A statement with its values. An empty `name`: it is not prepared, nor to be."""

    key: tuple[str, tuple[int, ...]]
    text: bytes
    values: list[Any]
    """Bytes, or None."""
    types: tuple[int, ...]
    formats: list[int] | None
    name: bytes
    is_new: bool


def open_session(address: str, schema: str = "", *, connect_timeout: int = 5) -> "psycopg.Connection[Any]":
    """A connection in autocommit mode. Poolers give each transaction another session of the database: one who needs the
    schema behind one opens transactions with `in_schema`.

    Args:
        address: in any form of libpq's.
        schema: of the tables, if it is not the default one.
        connect_timeout: in seconds, for each host, unless the address says otherwise.

    Raises:
        psycopg.Error: there is no reaching it, or no such database, or no right to use it.
    """
    given = conninfo_to_dict(address)
    usual = {"application_name": "flagkeeper", "connect_timeout": connect_timeout}
    session = psycopg.connect(
        address,
        autocommit=True,
        prepare_threshold=None,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=10_000,
        **{name: value for name, value in usual.items() if name not in given},  # type: ignore[arg-type]
    )
    if schema:
        session.execute("SELECT set_config('search_path', %s, false)", (search_path(schema),))
    return session


def search_path(schema: str) -> str:
    """Names of schemas as PostgreSQL reads them in its setting."""
    names = [name.strip().strip('"') for name in schema.split(",")]
    return ", ".join('"{}"'.format(name.replace('"', '""')) for name in names)


def is_pooled(session: "psycopg.Connection[Any]") -> bool:
    """Whether a pooler stands in between, and may give each transaction another session of the database. It cannot hand
    out the number of a process that cancels would reach, so it makes one up."""
    row = session.execute("SELECT pg_backend_pid()").fetchone()
    return row is None or row[0] != session.info.backend_pid


class PostgresqlConnection:
    """Prepared statements, and time-outs that make a vanished server an error instead of a hang.

    Behind a pooler nothing is left in the session for later: no statement is prepared, and settings come with each
    transaction, in the round trip that begins it.
    """

    dialect = Dialect.POSTGRESQL

    def __init__(
        self,
        address: str,
        *,
        schema: str = "",
        readonly: bool = False,
        deadline: float | None = None,
        patience: float = LOCK_PATIENCE,
    ) -> None:
        self._connection = open_session(address, connect_timeout=_CONNECT_SECONDS)
        self.busy_since: float | None = None
        self._libpq = self._connection.pgconn
        self._libpq.nonblocking = 1
        self._poll = select.poll()
        self._poll.register(self._libpq.socket)
        self._silence = None if deadline is None else (deadline + _LATE) * 1000
        self._rows = Transformer(self._connection)
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if readonly else "BEGIN"
        self._opening: list[Asked] = [(begin, {})]
        """What every transaction begins with."""
        self._ahead: list[Asked] = []
        """What goes before the next statement, in its round trip."""
        self.pooled = False
        self._seen: dict[tuple[str, tuple[int, ...]], int] = {}
        self._prepared: dict[tuple[str, tuple[int, ...]], bytes] = {}
        settings = {"lock_timeout": str(int(patience * 1000))}
        if deadline is not None:
            settings["statement_timeout"] = str(int(deadline * 1000))
        if not readonly:
            settings["idle_in_transaction_session_timeout"] = str(int(IDLE_PATIENCE * 1000))
        if schema:
            settings["search_path"] = search_path(schema)
        self.pooled = self._set(settings)
        if self.pooled:
            calls = ", ".join(f"set_config('{name}', %({name})s, true)" for name in settings)
            self._opening.append((f"SELECT {calls}", settings))

    def _set(self, settings: Mapping[str, str]) -> bool:
        """Sets what this session is to be like, unless it is a pooler's. Whether it is."""
        own = self._connection.info.backend_pid
        calls = ", ".join(f"set_config('{name}', %({name})s, pg_backend_pid() <> {own})" for name in settings)
        ((pooled, *_),), _ = self.run(f"SELECT pg_backend_pid() <> {own}, {calls}", settings)
        self._seen.clear()
        return bool(pooled)

    @property
    def broken(self) -> bool:
        return self._libpq.status != ConnStatus.OK

    def run(self, text: str, parameters: Mapping[str, Any]) -> tuple[list[Any], int]:
        result = self._together([(text, parameters)])[0] if self._ahead else self._alone(text, parameters)
        return self._decoded(result), result.command_tuples or 0

    def run_together(self, asked: Sequence[Asked]) -> list[list[Any]]:
        return [self._decoded(result) for result in self._together(asked)]

    def run_many(self, text: str, parameters: Sequence[Mapping[str, Any]]) -> int:
        return sum(result.command_tuples or 0 for result in self._together([(text, each) for each in parameters]))

    def run_later(self, text: str, parameters: Mapping[str, Any]) -> None:
        self._ahead.append((text, parameters))

    def copy_in(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        if self._ahead:  # COPY goes through no pipeline
            self._together([])
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
        with self._connection.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
            return cursor.rowcount

    def begin(self) -> None:
        if len(self._seen) > _MOST_PREPARED:
            self._checked(self._libpq.exec_(b"DEALLOCATE ALL"))
            self._prepared.clear()
            self._seen.clear()
        self._ahead += self._opening

    def commit(self) -> None:
        if self._ahead == self._opening:
            self._ahead.clear()
            return
        (result,) = self._together([("COMMIT", {})])
        if result.command_status != b"COMMIT":
            raise psycopg.errors.InFailedSqlTransaction("a statement had failed, so the transaction was rolled back")

    def rollback(self) -> None:
        self._ahead.clear()
        if not self.broken and self._status() != TransactionStatus.IDLE:
            self._checked(self._libpq.exec_(b"ROLLBACK"))

    def savepoint(self) -> None:
        self._ahead.append(_SAVEPOINT)

    def rollback_to_savepoint(self) -> None:
        if _SAVEPOINT in self._ahead:
            del self._ahead[self._ahead.index(_SAVEPOINT) :]
        else:
            self._ahead.clear()
            self._checked(self._libpq.exec_(b"ROLLBACK TO unit"))

    def standing(self) -> bool:
        return bool(self._ahead) or self._status() == TransactionStatus.INTRANS

    def failure(self, error: BaseException) -> Failure | None:
        if not isinstance(error, psycopg.Error):
            return None
        if self.broken:
            return Failure.DATABASE
        match error:
            case psycopg.errors.DeadlockDetected() | psycopg.errors.SerializationFailure():
                return Failure.RETRY
            case psycopg.errors.LockNotAvailable():
                return Failure.LOCKED
            case psycopg.errors.QueryCanceled():
                return Failure.TIMEOUT
            case psycopg.errors.ForeignKeyViolation():
                return Failure.REFERENCE
            case psycopg.OperationalError() | psycopg.errors.ReadOnlySqlTransaction():
                return Failure.DATABASE
        return Failure.STATEMENT

    def close(self) -> None:
        self._connection.close()

    def _status(self) -> TransactionStatus:
        return TransactionStatus(self._libpq.transaction_status)

    def _alone(self, text: str, parameters: Mapping[str, Any]) -> pq.abc.PGresult:
        ready = self._ready(text, parameters)
        with self._busy():
            if ready.is_new:
                self._libpq.send_prepare(ready.name, ready.text, ready.types)
                self._checked(self._last_result())
                self._prepared[ready.key] = ready.name
            self._send(ready)
            result = self._last_result()
        return self._checked(result)

    def _together(self, asked: Sequence[Asked]) -> list[pq.abc.PGresult]:
        """The results of several statements, in one round trip together with what is ahead. After one that fails, none
        of those that follow is run."""
        statements = [self._ready(text, parameters) for text, parameters in (*self._ahead, *asked)]
        ahead, self._ahead = self._ahead, []
        with self._busy():
            self._libpq.enter_pipeline_mode()
            results = self._piped(statements)
            self._libpq.exit_pipeline_mode()
        for result in results:
            self._checked(result)
        return results[len(ahead) :]

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """A conversation with the database that is broken off is over: nobody knows what would come next."""
        self.busy_since = time.monotonic()
        try:
            yield
        except psycopg.errors.DatabaseError as error:
            if error.sqlstate is None:
                self._connection.close()
            raise
        except BaseException:
            self._connection.close()
            raise
        finally:
            self.busy_since = None

    def _piped(self, statements: Sequence[_Ready]) -> list[pq.abc.PGresult]:
        preparing: set[tuple[str, tuple[int, ...]]] = set()
        for each in statements:
            if each.is_new and each.key not in preparing:
                preparing.add(each.key)
                self._libpq.send_prepare(each.name, each.text, each.types)
            self._send(each)
        self._libpq.pipeline_sync()
        results = []
        for each in statements:
            if each.is_new and each.key in preparing:
                preparing.remove(each.key)
                prepared = self._last_result()
                if prepared.status != ExecStatus.COMMAND_OK:
                    self._last_result()
                    results.append(prepared)
                    continue
                self._prepared[each.key] = each.name
            results.append(self._last_result())
        if self._next_result().status != ExecStatus.PIPELINE_SYNC:
            raise self._lost()
        return results

    def _send(self, ready: _Ready) -> None:
        if ready.name:
            self._libpq.send_query_prepared(ready.name, ready.values, ready.formats)
        else:
            self._libpq.send_query_params(ready.text, ready.values, ready.types, ready.formats)

    def _last_result(self) -> pq.abc.PGresult:
        """The result of the next statement, which has one and no more."""
        result = self._next_result()
        self._wait()
        if self._libpq.get_result() is not None:
            raise self._lost()
        return result

    def _next_result(self) -> pq.abc.PGresult:
        self._wait()
        result = self._libpq.get_result()
        if result is None or self.broken:
            raise self._error(result) if result is not None and result.error_message else self._lost()
        return result

    def _wait(self) -> None:
        """Until libpq has a result at hand: asked before, it would wait itself, and with it every thread of Python's.

        Raises:
            psycopg.OperationalError: the connection was lost, or nothing was heard for longer than any statement takes.
        """
        unsent = self._libpq.flush()
        while unsent or self._libpq.is_busy():
            self._poll.modify(self._libpq.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
            if not self._poll.poll(self._silence):
                raise psycopg.OperationalError("the database does not answer")
            self._libpq.consume_input()
            unsent = self._libpq.flush() if unsent else 0

    def _ready(self, text: str, parameters: Mapping[str, Any]) -> _Ready:
        """A statement as libpq takes it. It is prepared when it is met for the second time."""
        shape = _shape(text)
        encoded = [_parameter(parameters[name]) for name in shape.names]
        types = tuple([type_ for _, type_ in encoded])
        key = (text, types)
        name = self._prepared.get(key, b"")
        is_new = not name and key in self._seen
        if is_new:
            name = b"flagkeeper_%d" % self._seen[key]
        elif not name and not self.pooled:
            self._seen[key] = len(self._seen)
        return _Ready(
            key=key,
            text=shape.text,
            values=[value for value, _ in encoded],
            types=types,
            formats=[int(type_ == _BYTES) for type_ in types] if _BYTES in types else None,
            name=name,
            is_new=is_new,
        )

    def _decoded(self, result: pq.abc.PGresult) -> list[Any]:
        if not result.nfields:
            return []
        self._rows.set_pgresult(result)
        return self._rows.load_rows(0, result.ntuples, tuple)

    def _checked(self, result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
            return result
        raise self._error(result)

    def _error(self, result: pq.abc.PGresult) -> psycopg.Error:
        message = result.get_error_message() if result.error_message else "the statement was not run"
        code = result.error_field(pq.DiagnosticField.SQLSTATE)
        if code is None:
            return psycopg.OperationalError(message)
        return psycopg.errors.lookup(code.decode())(message)

    def _lost(self) -> psycopg.Error:
        return psycopg.OperationalError(self._libpq.get_error_message() or "the connection was lost")


@lru_cache(4_096)
def _shape(text: str) -> _Shape:
    names: list[str] = []

    def numbered(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "%"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _Shape(_PLACEHOLDER.sub(numbered, text).encode(), tuple(names))


def _parameter(value: Any) -> tuple[bytes | None, int]:
    """A value as text (bytes: as they are), and its type.

    Raises:
        psycopg.DataError: a text holds a NUL character, which PostgreSQL cannot store.
    """
    match value:
        case None:
            return None, _UNKNOWN
        case str():
            if "\0" in value:
                raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
            return value.encode(), _UNKNOWN
        case bool():
            return (b"t" if value else b"f"), _BOOLEAN
        case int():
            return b"%d" % value, _INTEGER
        case bytes() | bytearray() | memoryview():
            return bytes(value), _BYTES
        case float():
            return repr(value).encode(), _FLOAT
        case list() | tuple():
            return b"{%b}" % b",".join(map(_element, value)), _UNKNOWN
    raise TypeError(f"a {type(value).__name__} cannot be a parameter of a statement")


def _element(value: Any) -> bytes:
    """An element of an array, as it is written there."""
    encoded, _ = _parameter(value)
    if encoded is None:
        return b"NULL"
    return b'"%b"' % encoded.replace(b"\\", b"\\\\").replace(b'"', b'\\"') if isinstance(value, str) else encoded
