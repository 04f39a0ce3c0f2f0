"""The databases that other tests stand on: migrated, fresh, real, and gone when the run is over."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.migrate import current_revision, newest_revision
from tests.databases import Run, fresh_postgresql, fresh_sqlite
from tests.deliveries import enable, until_now
from tests.log import Log

ROOT = Path(__file__).parents[2]
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

CONFTEST = """
import signal

from tests.conftest import *

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs us in the background has Ctrl-C ignored
"""
MEANWHILE = """
import os, time
from pathlib import Path
import pytest

pytestmark = pytest.mark.slow

@pytest.mark.parametrize("number", range(4))
def test_meanwhile(number, postgresql_url, run):
    Path(os.environ["SEEN"], str(number)).write_text(str(run.folder))
    time.sleep(float(os.environ["PAUSE"]))
"""


def test_a_database_is_migrated(database_url: str) -> None:
    assert current_revision(parse_database_url(database_url)) == newest_revision()


def test_every_sqlite_database_is_a_new_one(run: Run, tmp_path: Path) -> None:
    with fresh_sqlite(run, tmp_path) as first, fresh_sqlite(run, tmp_path) as second:
        for url in (first, second):
            with sqlite3.connect(parse_database_url(url).address) as connection:
                connection.execute("CREATE TABLE mine (id INTEGER)")
            connection.close()


@pytest.mark.postgres
def test_every_postgresql_database_is_a_new_one_and_goes_away(run: Run) -> None:
    with fresh_postgresql(run) as first, fresh_postgresql(run) as second:
        for url in (first, second):
            with psycopg.connect(url) as connection:
                connection.execute("CREATE TABLE mine (id INTEGER)")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(first)


def test_the_server_knows_trigrams_and_unicode(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        assert connection.execute("SELECT 'new-checkout' ILIKE '%CHECK%' AND 'checkout' % 'checkouts'").fetchone() == (
            True,
        )


def test_a_durable_server_syncs(durable_postgresql_url: str) -> None:
    with psycopg.connect(durable_postgresql_url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


@pytest.mark.postgres
@pytest.mark.parametrize(("end", "workers"), [(None, "2"), (signal.SIGINT, "0"), (signal.SIGKILL, "0")], ids=str)
def test_a_run_leaves_nothing_behind(end: signal.Signals | None, workers: str, tmp_path: Path) -> None:
    """Another run of pytest: it ends by itself, by Ctrl-C, or is killed."""
    seen = tmp_path / "seen"
    seen.mkdir()
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_meanwhile.py").write_text(MEANWHILE)
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "-n", workers, tmp_path],
        cwd=ROOT,
        env={**os.environ, "SEEN": str(seen), "PAUSE": "30" if end else "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    ) as inner:
        deadline = time.monotonic() + 60
        while end and not list(seen.iterdir()) and inner.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        if end:
            inner.send_signal(end)
        output, _ = inner.communicate(timeout=60)
    assert ("4 passed" in output) == (end is None), output
    folder = Path(next(seen.iterdir()).read_text())
    deadline = time.monotonic() + 60
    while processes(folder):
        assert time.monotonic() < deadline, processes(folder)
        time.sleep(0.05)
    assert not (folder / "postgresql").exists()


def processes(folder: Path) -> list[str]:
    """Command lines that name `folder`."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = each.read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if str(folder) in line:
            found.append(line)
    return found


def test_who_writes_the_index_waits_for_others_who_do(database_url: str) -> None:
    """A block takes seconds, during which nobody but indexers waits; elsewhere a lock is given up soon."""
    database = parse_database_url(database_url)
    asked = "PRAGMA busy_timeout" if database.dialect is Dialect.SQLITE else "SHOW lock_timeout"

    def patience(*, indexing: bool) -> str:
        connection = database.connect(indexing=indexing)
        try:
            connection.begin()
            (((found,),), _) = connection.run(asked, {})
        finally:
            connection.close()
        return str(found)

    assert patience(indexing=True) in ("30000", "30s")
    assert patience(indexing=False) in ("500", "500ms")


def test_who_is_done_with_a_database_leaves_no_connection(database_url: str) -> None:
    log = Log(database_url)
    log.run(enable, "a")
    assert log.count() == 1
    if log.database.dialect is Dialect.SQLITE:
        # The last connection takes the write-ahead log with it.
        waiting = Path(f"{log.database.address}-wal")
        assert waiting.exists()
        log.close()
        assert not waiting.exists()
        return
    with psycopg.connect(database_url, autocommit=True) as connection:

        def alone() -> bool:
            return connection.execute(OTHERS).fetchone() == (0,)

        assert not alone()
        log.close()
        until_now(alone)
