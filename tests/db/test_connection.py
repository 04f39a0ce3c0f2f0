"""Connections: what goes in comes out again, and a failure leaves the connection as it should be."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flagkeeper.storage import postgresql
from flagkeeper.storage.connection import Connection, Failure
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.postgresql import PostgresqlConnection

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@pytest.fixture
def connection(postgresql_url: str) -> Iterator[PostgresqlConnection]:
    found = PostgresqlConnection(postgresql_url)
    yield found
    found.close()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.none() | TEXTS,
    number=st.integers(-(2**63), 2**63 - 1),
    truth=st.booleans(),
    data=st.binary(max_size=50),
    real=st.floats(allow_nan=False),
    texts=st.lists(st.none() | TEXTS, max_size=5),
    numbers=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5),
)
def test_what_goes_in_comes_out(connection: PostgresqlConnection, **given: Any) -> None:
    types = {
        "text": "TEXT", "number": "BIGINT", "truth": "BOOLEAN", "data": "BYTEA",
        "real": "FLOAT8", "texts": "TEXT[]", "numbers": "BIGINT[]",
    }  # fmt: skip
    columns = ", ".join(f"%({name})s::{type_}" for name, type_ in types.items())
    question = f"SELECT {columns}, '100%%'"
    expected = [(*(given[name] for name in types), "100%")]
    assert connection.run(question, given) == (expected, 1)
    assert connection.run_together([(question, given), ("SELECT 1", {})]) == [expected, [(1,)]]


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_what_cannot_be_stored_is_refused_before_anything_is_sent(connection: PostgresqlConnection, text: str) -> None:
    connection.begin()
    connection.savepoint()
    with pytest.raises((psycopg.DataError, UnicodeEncodeError)):
        connection.run("SELECT %(text)s::TEXT", {"text": text})
    connection.rollback_to_savepoint()
    assert connection.standing()
    assert connection.run("SELECT 1", {}) == ([(1,)], 1)
    connection.commit()


def test_after_a_statement_that_fails_those_that_follow_are_not_run(connection: PostgresqlConnection) -> None:
    connection.run("CREATE TEMP TABLE t (n BIGINT)", {})
    for _ in range(3):  # not prepared, prepared on the way, prepared
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.run_together(
                [
                    ("SELECT 1", {}),
                    ("SELECT 1 / %(zero)s", {"zero": 0}),
                    ("INSERT INTO t VALUES (%(n)s)", {"n": 1}),
                ]
            )
    assert connection.run("SELECT count(*) FROM t", {}) == ([(0,)], 1)


def test_what_is_put_off_is_run_with_the_commit_or_not_at_all(connection: PostgresqlConnection) -> None:
    connection.run("CREATE TABLE t (n BIGINT PRIMARY KEY)", {})
    connection.begin()
    for number in range(3):
        connection.run_later("INSERT INTO t VALUES (%(n)s)", {"n": number})
    connection.commit()
    assert connection.run("SELECT count(*) FROM t", {}) == ([(3,)], 1)

    connection.begin()
    connection.run_later("INSERT INTO t VALUES (%(n)s)", {"n": 3})
    connection.run_later("INSERT INTO t VALUES (%(n)s)", {"n": 0})
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.commit()
    connection.rollback()
    assert connection.run("SELECT count(*) FROM t", {}) == ([(3,)], 1)


def test_a_transaction_that_failed_is_not_said_to_be_committed(connection: PostgresqlConnection) -> None:
    connection.begin()
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.run("SELECT * FROM nowhere", {})
    assert not connection.standing()
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        connection.commit()


def test_many_statements_are_prepared_and_forgotten_again(
    connection: PostgresqlConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_MOST_PREPARED", 5)
    for _ in range(3):
        for number in range(20):
            connection.begin()
            assert connection.run(f"SELECT {number} + %(n)s", {"n": 1})[0] == [(number + 1,)]
            connection.commit()
    connection.begin()
    prepared = connection.run("SELECT count(*) FROM pg_prepared_statements", {})[0][0][0]
    assert prepared <= 15
    connection.commit()


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("SELECT no_such_column", Failure.STATEMENT),
        ("DO $$ BEGIN RAISE deadlock_detected; END $$", Failure.RETRY),
        ("DO $$ BEGIN RAISE serialization_failure; END $$", Failure.RETRY),
        ("DO $$ BEGIN RAISE lock_not_available; END $$", Failure.LOCKED),
        ("DO $$ BEGIN RAISE query_canceled; END $$", Failure.TIMEOUT),
        ("DO $$ BEGIN RAISE foreign_key_violation; END $$", Failure.REFERENCE),
        ("DO $$ BEGIN RAISE disk_full; END $$", Failure.DATABASE),
        ("DO $$ BEGIN RAISE read_only_sql_transaction; END $$", Failure.DATABASE),
        ("DO $$ BEGIN RAISE too_many_connections; END $$", Failure.DATABASE),
        ("SELECT pg_terminate_backend(pg_backend_pid())", Failure.DATABASE),
    ],
)
def test_failures_are_told_apart(connection: PostgresqlConnection, statement: str, kind: Failure) -> None:
    with pytest.raises(psycopg.Error) as raised:
        connection.run(statement, {})
    assert connection.failure(raised.value) is kind
    assert connection.broken is ("terminate" in statement)
    assert connection.failure(LookupError()) is None


def test_a_read_that_the_database_does_not_answer_ends_by_itself(postgresql_url: str) -> None:
    """Also where the database does not cut it off, because it does not move at all."""
    reading: Connection = PostgresqlConnection(postgresql_url, readonly=True, deadline=0.1)
    reading.run("SET statement_timeout = 0", {})
    with pytest.raises(psycopg.OperationalError, match="does not answer") as raised:
        reading.run("SELECT pg_sleep(30)", {})
    assert reading.broken
    assert reading.failure(raised.value) is Failure.DATABASE
    reading.close()


def test_a_file_that_is_locked_is_no_failure_of_the_database(sqlite_url: str) -> None:
    first, second = (parse_database_url(sqlite_url).connect() for _ in range(2))
    first.begin()
    with pytest.raises(Exception, match="locked") as raised:
        second.begin()
    assert second.failure(raised.value) is Failure.LOCKED
    first.rollback()
    second.begin()
    second.rollback()
    for each in (first, second):
        each.close()
