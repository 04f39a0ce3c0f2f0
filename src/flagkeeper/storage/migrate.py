"""Migrations: brings a database to the newest schema, under a lock, and costs nothing when it already is."""

import fcntl
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg

from flagkeeper.storage.database import Database
from flagkeeper.storage.dialects import Dialect

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 4242_2026
"""The advisory lock under which PostgreSQL replicas take turns to migrate."""


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
        sqlite3.Error, psycopg.Error: when the database cannot be reached or migrated; it is left as it was.
    """
    if current_revision(database) == newest_revision():
        return False
    with _alone(database):
        if current_revision(database) == newest_revision():
            return False
        _upgrade(database)
    return True


def current_revision(database: Database) -> str | None:
    """The schema's revision; None for a database that was never migrated."""
    question = "SELECT version_num FROM alembic_version"
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
    with psycopg.connect(database.address, connect_timeout=5, autocommit=True) as postgresql:
        try:
            found = postgresql.execute(question.encode()).fetchone()
        except psycopg.errors.UndefinedTable:
            return None
        return found[0] if found else None


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
    with psycopg.connect(database.address, connect_timeout=5, autocommit=True) as postgresql:
        postgresql.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        yield


def _upgrade(database: Database) -> None:
    # Imported here: Alembic takes a third of a second, which only a start that migrates should pay.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = database.sqlalchemy_url()
    command.upgrade(config, "head")
