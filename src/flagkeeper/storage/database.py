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

    def connect(self, *, readonly: bool = False, deadline: float | None = None) -> Connection:
        """A new connection, on which no statement (SQLite: no transaction) may run longer than `deadline` seconds.

        Raises:
            sqlite3.Error, psycopg.Error: when there is no reaching it.
        """
        if self.dialect is Dialect.SQLITE:
            return SqliteConnection(self.address, readonly=readonly, deadline=deadline)
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
