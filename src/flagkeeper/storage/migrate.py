"""Migrations: brings a database to the newest schema, under a lock, and costs nothing when it already is.

Servers of two versions share a database while a new one is rolled out, so a migration only adds (expand): tables,
columns with a default, indexes. What nobody uses any more goes (contract) no earlier than one release later, in a
migration that raises `schema_support.oldest` to the first revision whose code does without it. An older server goes on,
and starts, as long as the schema supports it; otherwise it says so and does not start.
"""

import fcntl
import os
import random
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg import sql
from sqlalchemy import Column, Integer, Table, Text

from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.database import Database
from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.metadata import metadata
from flagkeeper.storage.postgresql import search_path

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 4242_2026
"""The advisory lock under which PostgreSQL replicas take turns to migrate."""
LOCK_SECONDS = 2
"""How long a migration waits for a table that others use, and holds up those who come after it."""
_TRIES = 10

schema_support = Table(
    "schema_support",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("oldest", Text, nullable=False),
)
"""One row: the revision of the oldest code that may run on this schema."""

log = structlog.get_logger("flagkeeper.migrate")


@cache
def newest_revision() -> str:
    """The revision of the last file in `migrations/versions`, whose names start with their number."""
    last = max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    match = re.search(r'^revision = "(\w+)"', (MIGRATIONS / "versions" / last).read_text(), re.MULTILINE)
    if match is None:
        raise ValueError(f"{last} names no revision")
    return match[1]


def migrate(database: Database) -> bool:
    """Brings `database` to the newest schema. True when there was something to do.

    Raises:
        Unavailable: the schema is newer, and does not support this version any more; or tables are in use all the time.
        sqlite3.Error, psycopg.Error: when the database cannot be reached or migrated; it is left as it was.
    """
    if _is_served(database):
        return False
    with _alone(database):
        if _is_served(database):
            return False
        _upgrade(database)
    return True


def demand_migrated(database: Database) -> None:
    """Raises `Unavailable` unless the schema is one on which this version runs."""
    if not _is_served(database):
        found = current_revision(database) or "of an empty database"
        raise Unavailable(
            f"{database.shown()} has the schema {found}, and this version needs {newest_revision()}. "
            "DATABASE_DISABLE_MIGRATION is on: run `flagkeeper migrate` first."
        )


def _is_served(database: Database) -> bool:
    """Whether this version runs on the schema as it is. Raises `Unavailable` when it is too new."""
    current, newest = current_revision(database), newest_revision()
    if current is None or current < newest:
        return False
    if current > newest:
        oldest = _one(database, "SELECT oldest FROM schema_support") or current
        if oldest > newest:
            raise Unavailable(
                f"{database.shown()} has the schema {current} of a newer version, and this one knows schemas up to "
                f"{newest} only. Start a version that knows schema {oldest}, or restore a backup into a new database."
            )
        log.warning("schema_is_newer", schema=current, known=newest, database=database.shown())
    return True


def current_revision(database: Database) -> str | None:
    """The schema's revision; None for a database that was never migrated."""
    return _one(database, "SELECT version_num FROM alembic_version")


def _one(database: Database, question: str) -> str | None:
    """The one value that there is; None when there is none, or no such table."""
    if database.dialect is Dialect.SQLITE:
        connection = sqlite3.connect(database.address, timeout=30)
        try:
            row = connection.execute(question).fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return None
        finally:
            connection.close()
        return row[0] if row else None
    with database.session() as postgresql:
        try:
            with in_schema(postgresql, database.schema):
                found = postgresql.execute(question.encode()).fetchone()
        except psycopg.errors.UndefinedTable:
            return None
        return found[0] if found else None


@contextmanager
def in_schema(session: "psycopg.Connection[Any]", schema: str) -> Iterator[None]:
    """A transaction in which names without a schema mean this one, also behind a pooler. Nothing cuts it off, whatever
    is usual for the one who logged in: a migration takes as long as it takes."""
    with session.transaction():
        session.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
        if schema:
            session.execute("SELECT set_config('search_path', %s, true)", (search_path(schema),))
        yield


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """No other process migrates this database meanwhile."""
    if database.dialect is Dialect.SQLITE:
        # A lock on the folder leaves no file behind, and ends with the process that holds it.
        folder = os.open(Path(database.address).parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)
        return
    with database.session() as postgresql, in_schema(postgresql, ""):
        # Of a transaction, which a pooler keeps together, and not of a session, which it may not.
        postgresql.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        yield


def _create_schema(database: Database) -> None:
    with database.session() as postgresql:
        name = database.schema.split(",")[0].strip().strip('"')
        with in_schema(postgresql, ""):
            # Asked first: who may use a schema that is there need not be allowed to create one.
            if postgresql.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (name,)).fetchone() is None:
                postgresql.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(name)))


def _upgrade(database: Database) -> None:
    # Imported here: Alembic takes a third of a second, which only a start that migrates should pay.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import DBAPIError

    if database.schema:
        _create_schema(database)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database"] = database
    for attempt in range(1, _TRIES + 1):
        try:
            command.upgrade(config, "head")
        except DBAPIError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                if isinstance(error.orig, Exception):
                    raise error.orig from error
                raise
            log.warning("migration_waits", attempt=attempt, error=database.told(error.orig), database=database.shown())
            time.sleep(random.uniform(0.1, 1.0))  # noqa: S311 - spreads load, guards nothing
        else:
            return
    raise Unavailable(
        f"{database.shown()} was not migrated: tables were in use {_TRIES} times for {LOCK_SECONDS} seconds. Stop what "
        "uses them for so long (pg_stat_activity shows it), and start again."
    )
