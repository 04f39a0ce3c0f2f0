"""Looks a database over before a server starts on it. What is wrong is one sentence that says what to do."""

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.database import Database
from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.postgresql import is_pooled

OLDEST_POSTGRESQL = 13
OLDEST_SQLITE = (3, 35, 0)
"""The first that knows RETURNING."""
CLOCK_TOLERANCE = 5.0
"""Seconds by which the clocks of this machine and of the database may differ before it is said."""

log = structlog.get_logger("flagkeeper.database")

_QUESTION = """
    SELECT current_setting('server_version_num')::INT, current_setting('server_version'),
        current_setting('server_encoding'), pg_is_in_recovery(),
        current_setting('default_transaction_read_only') = 'on',
        current_schema(), has_schema_privilege(current_schema(), 'CREATE'),
        has_database_privilege(current_database(), 'CREATE'), extract(epoch FROM clock_timestamp())::FLOAT8
"""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a PostgreSQL says of itself."""

    number: int
    """Of its version: 180006 is 18.6."""
    version: str
    encoding: str
    is_standby: bool
    is_readonly: bool
    schema: str | None
    """In which tables are made; None: it is missing."""
    may_create_tables: bool | None
    may_create_schemas: bool
    ahead: float
    """Seconds by which its clock is ahead of ours."""
    pooled: bool

    def troubles(self, wanted_schema: str) -> Iterator[str]:
        """Why no server can run on it."""
        if self.number < OLDEST_POSTGRESQL * 10_000:
            yield f"is PostgreSQL {self.version}, and {OLDEST_POSTGRESQL} is the oldest that will do. Upgrade it."
        if self.encoding != "UTF8":
            yield (
                f"stores text as {self.encoding}, which not every name fits into. Create a database with ENCODING "
                "'UTF8' TEMPLATE template0."
            )
        if self.is_standby:
            yield (
                "is a standby, which can only be read. Name the primary; or name all hosts, comma separated, and the "
                "one that can be written is found."
            )
        elif self.is_readonly:
            yield "can only be read: default_transaction_read_only is on, for the server, the database or the role."
        if self.schema is None and not (wanted_schema and self.may_create_schemas):
            name = wanted_schema or "of the search_path"
            yield f"has no schema {name} that this role may use. Create it, or grant USAGE and CREATE on it."
        elif self.schema is not None and not self.may_create_tables:
            yield (
                f"does not let this role make tables in the schema {self.schema}. As its owner, "
                f'GRANT USAGE, CREATE ON SCHEMA "{self.schema}" TO the role.'
            )


def examine(database: Database) -> None:
    """Raises `Unavailable` when no server can run on it; logs what is odd.

    Raises:
        Unavailable: as it says.
        sqlite3.Error, psycopg.Error: the database cannot be reached.
    """
    if database.dialect is Dialect.SQLITE:
        for trouble in _troubles_of_file(Path(database.address)):
            raise Unavailable(f"{database.shown()} {trouble}")
        return
    found = _look(database)
    for trouble in found.troubles(database.schema):
        raise Unavailable(f"{database.shown()} {trouble}")
    if abs(found.ahead) > CLOCK_TOLERANCE:
        log.warning("clocks_differ", database=database.shown(), seconds_ahead=round(found.ahead, 1))
    if found.pooled:
        log.info("pooler_found", database=database.shown(), meaning="changes by other servers are polled for")


def _look(database: Database) -> Found:
    with database.session() as session:
        row = session.execute(_QUESTION).fetchone()
        if row is None:
            raise Unavailable(f"{database.shown()} does not say what it is.")
        *said, clock = row
        names = Found.__struct_fields__[: len(said)]
        return Found(**dict(zip(names, said, strict=True)), ahead=clock - time.time(), pooled=is_pooled(session))


def _troubles_of_file(path: Path) -> Iterator[str]:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        yield f"needs SQLite {'.'.join(map(str, OLDEST_SQLITE))} or newer, and Python's is {sqlite3.sqlite_version}."
    folder = path.absolute().parent
    if not folder.is_dir():
        yield f"cannot be made: there is no folder {folder}."
    elif path.is_dir():
        yield "is a folder, and must be a file."
    elif not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        yield f"cannot be written by this account, which must be able to write into {folder} as well."
