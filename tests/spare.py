"""PostgreSQL databases that tests use one after the other: making one takes 100 ms and more, emptying one 5."""

import time
from typing import LiteralString, NamedTuple

import psycopg
from psycopg import sql

_END_OTHERS: LiteralString = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

_SHAPE: LiteralString = """
SELECT md5(string_agg(each, ' ' ORDER BY each)) FROM (
    SELECT concat_ws('.', nspname, relname, relkind, attname, atttypid, attnotnull, attidentity, atthasdef)
    FROM pg_class AS relation JOIN pg_namespace AS space ON space.oid = relnamespace
    LEFT JOIN pg_attribute ON attrelid = relation.oid
    WHERE nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')
    UNION ALL SELECT concat_ws('.', conname, conrelid, contype) FROM pg_constraint
    UNION ALL SELECT concat_ws('.', tgname, tgrelid, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat_ws('.', proname, md5(prosrc)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT setconfig::text FROM pg_db_role_setting
) AS found (each)
"""


_NO_ROWS = 21
"""Bytes of a binary copy of nothing."""


class Contents(NamedTuple):
    """What a database had before any test used it."""

    shape: str
    """A fingerprint of all but its rows."""
    tables: list[str]
    rows: dict[str, bytes]
    """Of the tables that had any."""
    sequences: dict[str, int | None]


def contents_of(url: str) -> Contents:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in found]
        sequences = connection.execute("SELECT sequencename, last_value FROM pg_sequences").fetchall()
        rows = {table: _copied(connection, table) for table in tables}
        return Contents(
            _shape(connection),
            tables,
            {table: copied for table, copied in rows.items() if len(copied) > _NO_ROWS},
            dict(sequences),
        )


def restore(url: str, contents: Contents) -> bool:
    """Makes a database what it was. Nobody else is connected to it afterwards. False: somebody changed more than rows,
    does not leave, or does not let anybody in."""
    try:
        return _restore(url, contents)
    except psycopg.Error:
        return False


def _restore(url: str, contents: Contents) -> bool:
    # The list of sessions is read once per transaction: here, each statement is one.
    with psycopg.connect(url, autocommit=True) as connection:
        deadline = time.monotonic() + 5
        while connection.execute(_END_OTHERS).fetchone() != (0,):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.002)
        if _shape(connection) != contents.shape:
            return False
        with connection.transaction():
            # Neither foreign keys nor triggers.
            connection.execute("SET LOCAL session_replication_role = replica")
            for table in contents.tables:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for table, rows in contents.rows.items():
                into = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))
                with connection.cursor().copy(into) as copy:
                    copy.write(rows)
            for name, last in contents.sequences.items():
                connection.execute("SELECT setval(%s::regclass, coalesce(%s, 1), %s)", (name, last, last is not None))
    return True


def _copied(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(table))) as copy:
        return b"".join(copy)


def _shape(connection: psycopg.Connection) -> str:
    (shape,) = connection.execute(_SHAPE).fetchone() or ("",)
    return str(shape)
