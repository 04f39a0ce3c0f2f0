"""A server on PostgreSQL as it is run: behind a pooler, through a failover, under a role that is kept short."""

import time
from pathlib import Path

import psycopg
import pytest

from flagkeeper.environment.database import DatabaseParts
from flagkeeper.schema import metadata
from flagkeeper.storage.backup import back_up
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.migrate import current_revision, newest_revision
from tests.databases import Run, fresh_postgresql
from tests.pooler import TransactionPooler
from tests.server import BACKEND, Host, TestServer, settings_for

FLAGS = "/api/admin/projects/default/features"
SCHEMA = "flags of ours"


def nothing(_url: str) -> None:
    """Leaves the database empty."""


def until(holds: object, seconds: float = 8) -> None:
    assert callable(holds)
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        for each in statements:
            admin.execute(each.encode())


@pytest.mark.postgres
def test_behind_a_pooler_in_transaction_mode_everything_works_and_nothing_is_left_in_a_session(
    host: Host, run: Run, tmp_path: Path
) -> None:
    with fresh_postgresql(run, nothing) as url:
        pooler = TransactionPooler(url)
        settings = settings_for(pooler.url, database_parts=DatabaseParts(schema=SCHEMA))
        with TestServer(host, settings) as server:
            for number in range(4):
                made = server.post(FLAGS, json={"name": f"flag-{number}"})
                assert made.status_code == 201, made.text
                on = server.post(f"{FLAGS}/flag-{number}/environments/development/on")
                assert on.status_code == 200, on.text
            ready = server.get("/ready")
            assert (ready.status_code, "polled for" in ready.json()["notes"][0]) == (200, True)
            until(lambda: len(server.get("/api/client/features", token=BACKEND).json()["features"]) == 4)
            assert {each["featureName"] for each in server.events(type="IS:feature-created")} == {
                f"flag-{number}" for number in range(4)
            }
            count = len(server.events())
            assert len(server.get("/api/admin/log/export").text.splitlines()) == count
            database = parse_database_url(pooler.url, settings.database_parts)
            assert current_revision(database) == newest_revision()
            contents = back_up(database, metadata, tmp_path / "of a pooler", lambda _done, _all: None)
            assert contents.tables["features"].rows == 4
        assert pooler.transactions > 50
        with psycopg.connect(url) as direct:
            schemas = direct.execute("SELECT DISTINCT schemaname::TEXT FROM pg_tables WHERE tablename = 'events'")
            assert schemas.fetchall() == [(SCHEMA,)], "no transaction looked elsewhere"
        pooler.close()


@pytest.mark.postgres
def test_after_a_failover_to_a_standby_the_server_says_so_and_comes_back_by_itself(
    host: Host, postgresql_url: str
) -> None:
    name = postgresql_url.rpartition("/")[2]
    maintenance = postgresql_url.replace(name, "postgres")
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    with TestServer(host, settings_for(postgresql_url)) as server:
        assert server.get("/ready").status_code == 200
        execute(maintenance, f"ALTER DATABASE {name} SET default_transaction_read_only = on", cut)
        # Nobody changes anything: it has to find out by itself, in two seconds; one more for a machine that is busy.
        until(lambda: server.get("/ready").status_code == 503, seconds=3)
        assert "The database cannot be written." in server.get("/ready").json()["reasons"]
        refused = server.post(FLAGS, json={"name": "lost"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert server.get(FLAGS).status_code == 200, "reads go on"
        execute(maintenance, f"ALTER DATABASE {name} RESET default_transaction_read_only", cut)
        until(lambda: server.get("/ready").status_code == 200)
        assert server.post(FLAGS, json={"name": "found"}).status_code == 201
        assert [each["featureName"] for each in server.events(type="IS:feature-created")] == ["found"]


@pytest.mark.postgres
def test_a_role_whose_statements_are_cut_off_early_can_still_run_a_server(host: Host, postgresql_url: str) -> None:
    name = postgresql_url.rpartition("/")[2]
    strict = (
        "statement_timeout = '5s'",
        "idle_in_transaction_session_timeout = '2s'",
        "idle_session_timeout = '300ms'",
    )
    execute(postgresql_url, *(f"ALTER DATABASE {name} SET {each}" for each in strict))
    with TestServer(host, settings_for(postgresql_url)) as server:
        for number in range(2):
            assert server.post(FLAGS, json={"name": f"flag-{number}"}).status_code == 201
            time.sleep(0.5)
        assert server.get("/ready").status_code == 200
