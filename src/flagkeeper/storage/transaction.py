"""A transaction: the only way to run a statement. It remembers which audited subjects were written."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table

from flagkeeper.storage.connection import Connection
from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.metadata import AUDITED
from flagkeeper.storage.statement import Parameters, Query, RowT, Statement, Write


class Transaction:
    """Runs statements on one connection, inside a transaction that somebody else opened and will end.

    With `savepoints`, one is set before the first statement that may need undoing (`saved`): a write; on PostgreSQL any
    statement, for one that fails there ends the transaction for all who share it.
    """

    def __init__(self, connection: Connection, *, savepoints: bool = False) -> None:
        self._connection = connection
        self.dialect = connection.dialect
        self._savepoints = savepoints
        self.saved = False
        self.touched: set[str] = set()
        """The audited subjects written so far."""

    def all(self, query: Query[RowT], **parameters: Any) -> list[RowT]:
        self._before_read()
        rows, _ = self._execute(query, parameters)
        return query.decode(query.compiled(self.dialect), rows, self.dialect)

    def first(self, query: Query[RowT], **parameters: Any) -> RowT | None:
        found = self.all(query, **parameters)
        return found[0] if found else None

    def together(self, *asked: tuple[Query[Any], Parameters]) -> list[list[Any]]:
        """The results of several queries, run one after the other in one round trip. Each sees what was committed when
        it begins: one that follows a lock sees what the holder of the lock before us left."""
        self._before_read()
        compiled = [query.compiled(self.dialect) for query, _ in asked]
        texts = [(each.text, {**each.constants, **given}) for each, (_, given) in zip(compiled, asked, strict=True)]
        found = self._connection.run_together(texts)
        return [
            query.decode(each, rows, self.dialect)
            for (query, _), each, rows in zip(asked, compiled, found, strict=True)
        ]

    def write(self, write: Write[Any], **parameters: Any) -> int:
        """The number of rows that changed."""
        self._before_write()
        _, changed = self._execute(write, parameters)
        if changed and (subject := write.subject_of(parameters)):
            self.touched.add(subject)
        return changed

    def write_returning(self, write: Write[RowT], **parameters: Any) -> list[RowT]:
        """What `RETURNING` gives back, one result per row that changed."""
        self._before_write()
        rows, _ = self._execute(write, parameters)
        if rows and (subject := write.subject_of(parameters)):
            self.touched.add(subject)
        return write.decode(write.compiled(self.dialect), rows, self.dialect)

    def write_many(self, write: Write[Any], rows: Sequence[Parameters]) -> None:
        if not rows:
            return
        self._before_write()
        compiled = write.compiled(self.dialect)
        complete = [{**compiled.constants, **row} for row in rows] if compiled.constants else rows
        self._connection.run_many(compiled.text, complete)
        if write.subject:
            self.touched.update(filter(None, map(write.subject_of, rows)))

    def later(self, statement: Statement[Any], rows: Sequence[Parameters]) -> None:
        """Runs a statement for each of `rows` at the latest with the commit, in its round trip: where nobody needs what
        it returns. What it raises makes the commit fail."""
        self._before_write()
        compiled = statement.compiled(self.dialect)
        for row in rows:
            self._connection.run_later(compiled.text, {**compiled.constants, **row} if compiled.constants else row)
        if isinstance(statement, Write) and statement.subject:
            self.touched.update(filter(None, map(statement.subject_of, rows)))

    def copy_in(self, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Fills a table that is not audited, the fastest way the database has. Returns the number of rows.

        What `rows` raises ends it: roll back then.
        """
        if AUDITED in table.info:
            raise TypeError(f"{table.name} is audited: its rows are written one statement at a time")
        self._before_write()
        return self._connection.copy_in(table.name, columns, rows)

    def _execute(self, statement: Statement[Any], parameters: Parameters) -> tuple[list[Any], int]:
        compiled = statement.compiled(self.dialect)
        if compiled.constants:
            parameters = {**compiled.constants, **parameters}
        return self._connection.run(compiled.text, parameters)

    def _before_read(self) -> None:
        if self.dialect is Dialect.POSTGRESQL:
            self._before_write()

    def _before_write(self) -> None:
        if self._savepoints and not self.saved:
            self._connection.savepoint()
            self.saved = True
