"""Where the data is: the address of a database, read once, and connections to it."""

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from flagkeeper.environment.database import DatabaseParts
from flagkeeper.kernel.errors import BadData
from flagkeeper.storage.address import FORMS, Address, read_address, without_password
from flagkeeper.storage.connection import INDEX_PATIENCE, LOCK_PATIENCE, Connection
from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.postgresql import PostgresqlConnection, open_session
from flagkeeper.storage.sqlite import SqliteConnection


class Database(msgspec.Struct, frozen=True):
    """A database's dialect and address: a file's path, or what libpq is given to connect (`Address.conninfo`)."""

    dialect: Dialect
    address: str
    schema: str = ""
    """Of PostgreSQL, if it is not the default one."""

    @property
    def index(self) -> "Database":
        """Where the index of the log is: on SQLite in a file beside this one, `flagkeeper.search.db`, with a writer of
        its own (in the same file it took the p99 of toggles from 3.5 to 8.7 ms)."""
        if self.dialect is Dialect.SQLITE:
            return Database(self.dialect, str(Path(self.address).with_suffix(".search.db")))
        return self

    def connect(
        self, *, readonly: bool = False, deadline: float | None = None, indexing: bool = False, filling: bool = False
    ) -> Connection:
        """A new connection, on which no statement (SQLite: no transaction) may run longer than `deadline` seconds.
        One that is `readonly` sees the index, one for `indexing` writes it, one for `filling` puts much into a new
        database.

        Raises:
            sqlite3.Error, psycopg.Error: when there is no reaching it.
        """
        patience = INDEX_PATIENCE if indexing else LOCK_PATIENCE
        if self.dialect is Dialect.SQLITE:
            index = self.index.address if readonly or indexing else None
            return SqliteConnection(
                self.address,
                readonly=readonly,
                deadline=deadline,
                attached=index,
                filling=filling,
                patience=patience,
            )
        return PostgresqlConnection(
            self.address, schema=self.schema, readonly=readonly, deadline=deadline, patience=patience
        )

    def session(self) -> "psycopg.Connection[Any]":
        """A connection to PostgreSQL for something other than units of work and reads; it commits every statement.

        Raises:
            psycopg.Error: when there is no reaching it.
        """
        return open_session(self.address, self.schema)

    def engine(self) -> Engine:
        """For Alembic and SQLAlchemy: opens the same database in the same way as everybody else."""
        if self.dialect is Dialect.SQLITE:
            return create_engine("sqlite://", creator=lambda: sqlite3.connect(self.address), poolclass=NullPool)
        return create_engine("postgresql+psycopg://", creator=self._transactional, poolclass=NullPool)

    def _transactional(self) -> "psycopg.Connection[Any]":
        session = self.session()
        session.autocommit = False
        return session

    def shown(self) -> str:
        """The address as it may be printed: without a password."""
        return self.address if self.dialect is Dialect.SQLITE else Address(self.address).shown()

    def told(self, error: Exception) -> str:
        """What a driver says, in one line and without the password."""
        said = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip()
        return said if self.dialect is Dialect.SQLITE else without_password(said, Address(self.address))


def parse_database_url(url: str, parts: DatabaseParts = DatabaseParts()) -> Database:  # noqa: B008 - it cannot be changed
    """`sqlite:///file.db` (three slashes: relative, four: absolute), or PostgreSQL in any form.

    Raises:
        BadData: for any other form. The message repeats no secret.
    """
    scheme, separator, rest = url.partition("://")
    if scheme == "sqlite" and separator and rest.startswith("/") and len(rest) > 1:
        if "?" in rest or rest == "/:memory:":
            raise BadData("An SQLite database is a file, and has no options: sqlite:///flagkeeper.db")
        return Database(Dialect.SQLITE, str(Path(rest[1:])))
    if (scheme in ("postgres", "postgresql") and separator) or (not separator and "=" in url):
        address = read_address(url, parts)
        return Database(Dialect.POSTGRESQL, address.conninfo, address.schema)
    raise BadData(FORMS)
