"""The few things that SQLite and PostgreSQL say differently. Nobody else asks which database it is."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Integer, Text, bindparam
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect as SqlAlchemyDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.sql.schema import Table


class Dialect(StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"

    def compiler(self) -> SqlAlchemyDialect:
        """What SQLAlchemy compiles for: named parameters (`:name`) on SQLite, `%(name)s` on PostgreSQL."""
        if self is Dialect.SQLITE:
            return SQLiteDialect_pysqlite(paramstyle="named")
        return PGDialect_psycopg()  # type: ignore[no-untyped-call]  # untyped upstream


BigId = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit integer key. SQLite wants the very word INTEGER before it gives a table its rowid."""


ByteText = Text(collation="C").with_variant(Text(), "sqlite")
"""Text in the order of its code points, so that a range of it is a prefix."""


class any_of(FunctionElement[bool]):  # noqa: N801 - reads as a function
    """`column` is one of the values of the list bound to `parameter`, without a statement per list length."""

    inherit_cache = False
    name = "any_of"

    def __init__(self, column: ColumnElement[Any], parameter: str) -> None:
        super().__init__(column, bindparam(parameter))


@compiles(any_of, "sqlite")
def _any_of_sqlite(element: any_of, compiler: Any, **kw: Any) -> str:
    column, parameter = list(element.clauses)
    return f"{compiler.process(column, **kw)} IN (SELECT value FROM json_each({compiler.process(parameter, **kw)}))"


@compiles(any_of, "postgresql")
def _any_of_postgresql(element: any_of, compiler: Any, **kw: Any) -> str:
    column, parameter = list(element.clauses)
    kind = compiler.dialect.type_compiler_instance.process(column.type).partition(" COLLATE ")[0]
    return f"{compiler.process(column, **kw)} = ANY({compiler.process(parameter, **kw)}::{kind}[])"


class none_of(FunctionElement[bool]):  # noqa: N801 - reads as a function
    """`column` is none of the values of the list bound to `parameter`. PostgreSQL looks each row up in a table;
    for `any_of` negated it compares with one value after the other: seconds, where rows and values are many."""

    inherit_cache = False
    name = "none_of"

    def __init__(self, column: ColumnElement[Any], parameter: str) -> None:
        super().__init__(column, bindparam(parameter))


@compiles(none_of, "sqlite")
def _none_of_sqlite(element: none_of, compiler: Any, **kw: Any) -> str:
    column, parameter = list(element.clauses)
    return f"{compiler.process(column, **kw)} NOT IN (SELECT value FROM json_each({compiler.process(parameter, **kw)}))"


@compiles(none_of, "postgresql")
def _none_of_postgresql(element: none_of, compiler: Any, **kw: Any) -> str:
    column, parameter = list(element.clauses)
    kind = compiler.dialect.type_compiler_instance.process(column.type)
    values = f"{compiler.process(parameter, **kw)}::{kind}[]"
    return f"{compiler.process(column, **kw)} NOT IN (SELECT unnest({values}))"


class elements(FunctionElement[str]):  # noqa: N801 - reads as a function
    """The texts of the list bound to `parameter`, as rows: `elements("paths").table_valued("value", name="value")`. The
    name must be that of the column: so PostgreSQL calls the only one that there is."""

    inherit_cache = False
    name = "elements"

    def __init__(self, parameter: str) -> None:
        super().__init__(bindparam(parameter))


@compiles(elements, "sqlite")
def _elements_sqlite(element: elements, compiler: Any, **kw: Any) -> str:
    (parameter,) = element.clauses
    return f"json_each({compiler.process(parameter, **kw)})"


@compiles(elements, "postgresql")
def _elements_postgresql(element: elements, compiler: Any, **kw: Any) -> str:
    (parameter,) = element.clauses
    return f"unnest({compiler.process(parameter, **kw)}::TEXT[])"


class contains(FunctionElement[bool]):  # noqa: N801 - reads as a function
    """The text `column` has the text bound to `parameter` somewhere in it, as it is: no character stands for others."""

    inherit_cache = False
    name = "contains"

    def __init__(self, column: ColumnElement[str], parameter: str) -> None:
        super().__init__(column, bindparam(parameter))


@compiles(contains, "sqlite")
def _contains_sqlite(element: contains, compiler: Any, **kw: Any) -> str:
    column, parameter = list(element.clauses)
    return f"instr({compiler.process(column, **kw)}, {compiler.process(parameter, **kw)}) > 0"


@compiles(contains, "postgresql")
def _contains_postgresql(element: contains, compiler: Any, **kw: Any) -> str:
    column, parameter = list(element.clauses)
    return f"strpos({compiler.process(column, **kw)}, {compiler.process(parameter, **kw)}) > 0"


class database_now(FunctionElement[int]):  # noqa: N801 - reads as a function
    """The time in milliseconds by the clock of the database, at the moment when the statement runs: one clock for all
    servers that share it. On SQLite that is the clock of this machine, which they share as well."""

    inherit_cache = True
    name = "database_now"
    type = BigInteger()


@compiles(database_now, "sqlite")
def _database_now_sqlite(_: database_now, _compiler: Any, **_kw: Any) -> str:
    return "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"  # `subsec` came with SQLite 3.42


@compiles(database_now, "postgresql")
def _database_now_postgresql(_: database_now, _compiler: Any, **_kw: Any) -> str:
    return "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)"


class can_be_written(FunctionElement[bool]):  # noqa: N801 - reads as a function
    """Whether the database takes changes at all: not while it is the standby of another one, or set to read only."""

    inherit_cache = True
    name = "can_be_written"
    type = Boolean()


@compiles(can_be_written, "sqlite")
def _can_be_written_sqlite(_: can_be_written, _compiler: Any, **_kw: Any) -> str:
    return "1"


@compiles(can_be_written, "postgresql")
def _can_be_written_postgresql(_: can_be_written, _compiler: Any, **_kw: Any) -> str:
    return "(NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off')"


def upsert(table: Table, *, key: list[str], update: list[str] | None = None) -> PostgresqlInsert:
    """Insert a row, or where one has this `key`, set its `update` columns to the new values (none: keep the row)."""
    insert = postgresql_insert(table)
    if not update:
        return insert.on_conflict_do_nothing(index_elements=key)
    return insert.on_conflict_do_update(index_elements=key, set_={name: insert.excluded[name] for name in update})


def positional_insert(table: str, columns: Sequence[str]) -> str:
    """An insert in SQLite's words whose values come as a sequence: naming each costs a third of the time."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
