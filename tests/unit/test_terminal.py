"""What the commands print when something went wrong."""

import sqlite3

import psycopg
import pytest

from flagkeeper.cli.terminal import explain


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            psycopg.OperationalError('FATAL: no "Hush" for you\nHINT'),
            'postgresql://db:5432/x cannot be used: FATAL: no "***" for you',
        ),
        (sqlite3.OperationalError("disk I/O error"), "postgresql://db:5432/x cannot be used: disk I/O error"),
        (FileNotFoundError(2, "No such file", "x"), "x: No such file"),
        (RuntimeError("Hush"), None),
    ],
)
def test_an_error_is_one_line_without_a_password(
    error: Exception, told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://flags:Hush@db/x")
    monkeypatch.delenv("FLAGKEEPER_DATABASE_URL", raising=False)
    assert explain(error) == told
