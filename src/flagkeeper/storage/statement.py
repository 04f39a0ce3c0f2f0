"""Statements: SQL that SQLAlchemy writes once per dialect, as text, and the raw driver runs.

Building an expression costs 0.1-0.3 ms, more than SQLite needs to execute it, so every statement is a module constant
(measured: 1,900 to 2,400 toggles a second, against 209 with expressions built for each call).
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, cast

import msgspec
from sqlalchemy import Boolean, Delete, Executable, Insert, Select, Table, Update
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.selectable import ReturnsRows

from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.metadata import AUDITED

RowT = TypeVar("RowT")
Parameters = Mapping[str, Any]


class Compiled(msgspec.Struct, frozen=True):
    """A statement in the words of one database."""

    text: str
    constants: dict[str, Any]
    """Parameters whose values the statement itself fixed."""
    booleans: tuple[int, ...]
    """Positions of boolean columns in a row, which SQLite returns as numbers."""


def columns(*values: Any) -> Any:
    """The plainest row: a tuple of its columns."""
    return values


class Statement(Generic[RowT]):
    """Base of queries and writes.

    Args:
        construct: what SQLAlchemy writes; values that differ per call are `bindparam`s.
        row: makes one result out of a row's columns, in order (a struct's class, usually).
    """

    def __init__(self, construct: Executable, row: Callable[..., RowT]) -> None:
        self.construct = construct
        self.row = row
        self._compiled: dict[Dialect, Compiled] = {}

    def compiled(self, dialect: Dialect) -> Compiled:
        found = self._compiled.get(dialect)
        if found is None:
            found = self._compiled[dialect] = _compile(self.construct, dialect)
        return found

    def decode(self, compiled: Compiled, rows: list[Any], dialect: Dialect) -> list[RowT]:
        make = self.row
        if not compiled.booleans or dialect is Dialect.POSTGRESQL:
            return [make(*row) for row in rows]
        decoded = []
        for row in rows:
            columns = list(row)
            for position in compiled.booleans:
                if columns[position] is not None:
                    columns[position] = bool(columns[position])
            decoded.append(make(*columns))
        return decoded


class Query(Statement[RowT]):
    """Reads rows and changes none."""

    def __init__(self, construct: Select[Any] | Executable, row: Callable[..., RowT]) -> None:
        super().__init__(construct, row)


class Write(Statement[RowT]):
    """An insert, update or delete of one table. It knows at once whether that table is audited.

    Raises:
        TypeError: when the table is audited and the statement does not bind the columns that name the subject.
    """

    def __init__(self, construct: Insert | Update | Delete, row: Callable[..., RowT] = columns) -> None:
        super().__init__(construct, row)
        table = cast(Table, construct.table)
        self.subject: tuple[str, ...] | None = table.info.get(AUDITED)
        if self.subject:
            bound = set(construct.compile(dialect=Dialect.SQLITE.compiler()).params)
            if missing := [name for name in self.subject[1:] if name not in bound]:
                raise TypeError(f"a write of the audited table {table.name} must bind {', '.join(missing)}")

    def subject_of(self, parameters: Parameters) -> str | None:
        """The audited subject that this write touches, `flag/checkout/production`; None when it touches none."""
        if self.subject is None:
            return None
        return "/".join((self.subject[0], *(str(parameters[name]) for name in self.subject[1:])))


def _compile(construct: Executable, dialect: Dialect) -> Compiled:
    compiled = cast(ClauseElement, construct).compile(dialect=dialect.compiler())
    returned = list(cast(ReturnsRows, construct).exported_columns)
    return Compiled(
        text=str(compiled),
        constants={name: value for name, value in (compiled.params or {}).items() if value is not None},
        booleans=tuple(i for i, column in enumerate(returned) if isinstance(column.type, Boolean)),
    )
