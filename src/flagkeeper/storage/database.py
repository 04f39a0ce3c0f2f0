"""Where the data is: the address of a database, read once, and connections to it."""

from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from flagkeeper.kernel.errors import BadData
from flagkeeper.storage.connection import Connection, PostgresqlConnection, SqliteConnection
from flagkeeper.storage.dialects import Dialect


class Database(msgspec.Struct, frozen=True):
    """A database's dialect and address (a file's path, or a PostgreSQL URL)."""

    dialect: Dialect
    address: str

    @property
    def index(self) -> "Database":
        """Where the index of the log is: on SQLite in a file beside this one, `flagkeeper.search.db`, with a writer of
        its own (in the same file it took the p99 of toggles from 3.5 to 8.7 ms; design, section 4)."""
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
        if self.dialect is Dialect.SQLITE:
            index = self.index.address if readonly or indexing else None
            return SqliteConnection(self.address, readonly=readonly, deadline=deadline, attached=index, filling=filling)
        return PostgresqlConnection(self.address, readonly=readonly, deadline=deadline)

    def sqlalchemy_url(self) -> str:
        if self.dialect is Dialect.SQLITE:
            return f"sqlite:///{self.address}"
        return "postgresql+psycopg" + self.address[self.address.index("://") :]

    def shown(self) -> str:
        """The address as it may be printed: without a password."""
        if self.dialect is Dialect.SQLITE:
            return self.address
        parts = urlsplit(self.address)
        return f"postgresql://{parts.hostname or 'localhost'}:{parts.port or 5432}{parts.path}"


def parse_database_url(url: str) -> Database:
    """`sqlite:///file.db` (three slashes: relative, four: absolute) or `postgresql://user:password@host:port/name`.

    Raises:
        BadData: for any other form.
    """
    scheme, separator, rest = url.partition("://")
    match scheme:
        case "sqlite" if separator and rest.startswith("/") and len(rest) > 1:
            return Database(Dialect.SQLITE, str(Path(rest[1:])))
        case "postgres" | "postgresql" if separator and rest:
            return Database(Dialect.POSTGRESQL, f"postgresql://{rest}")
    raise BadData(
        "The database URL must look like sqlite:///flagkeeper.db or postgresql://user:password@host:5432/name"
    )
