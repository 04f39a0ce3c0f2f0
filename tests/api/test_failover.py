"""Two PostgreSQL clusters with streaming replication: the primary goes, the standby is read only, and is promoted."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from tests.databases import migrated
from tests.pgbouncer import Mode, PgBouncer
from tests.postgres_server import FAST, PostgresServer
from tests.server import BACKEND, Host, TestServer, settings_for

FLAGS = "/api/admin/projects/default/features"
pytestmark = [pytest.mark.postgres, pytest.mark.slow]


class Clusters(NamedTuple):
    primary: PostgresServer
    standby: PostgresServer

    def promote(self) -> None:
        with psycopg.connect(self.standby.url, autocommit=True) as admin:
            assert admin.execute("SELECT pg_promote()").fetchone() == (True,)


@pytest.fixture
def clusters() -> Iterator[Clusters]:
    folder = Path(tempfile.mkdtemp(prefix="flagkeeper-clusters-"))
    folder.chmod(0o755)
    settings = {**FAST, "wal_level": "replica", "max_wal_senders": "4"}
    primary = PostgresServer(folder / "primary", settings)
    try:
        standby = primary.standby(folder / "standby", settings)
        try:
            yield Clusters(primary, standby)
        finally:
            standby.stop()
    finally:
        if primary.running():
            primary.stop()
        shutil.rmtree(folder, ignore_errors=True)


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def follows(clusters: Clusters) -> bool:
    """Whether the standby has all that the primary has written."""
    with psycopg.connect(clusters.primary.url) as here, psycopg.connect(clusters.standby.url) as there:
        written = here.execute("SELECT pg_current_wal_lsn()::TEXT").fetchone()
        assert written is not None
        replayed = there.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", written).fetchone()
    return replayed == (True,)


@pytest.mark.parametrize("way", ["hosts", "session", "transaction"])
def test_a_server_survives_a_failover_by_itself(host: Host, clusters: Clusters, way: str) -> None:
    migrated(clusters.primary.url)
    with ExitStack() as stack:
        bouncer = None
        if way == "hosts":
            url = f"postgresql://postgres@127.0.0.1:{clusters.primary.port},127.0.0.1:{clusters.standby.port}/postgres"
        else:
            mode: Mode = "session" if way == "session" else "transaction"
            bouncer = stack.enter_context(PgBouncer(clusters.primary.url, mode))
            url = bouncer.url
        server = stack.enter_context(TestServer(host, settings_for(url)))
        assert server.post(FLAGS, json={"name": "before"}).status_code == 201
        assert server.get("/ready").status_code == 200
        wait_until(lambda: follows(clusters), 60, "the standby never caught up")
        wait_until(lambda: "before" in server.get("/api/client/features", token=BACKEND).text, 60, "SDKs are not told")

        clusters.primary.stop()
        if bouncer:
            bouncer.lead_to(clusters.standby.url)
        # Nobody changes anything: it finds out by itself, within two seconds unless the machine is busy.
        wait_until(lambda: server.get("/ready").status_code == 503, 30, "/ready stays green without a primary")
        refused = server.post(FLAGS, json={"name": "lost"})
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        assert "postgres" not in refused.text.lower()
        features = server.get("/api/client/features", token=BACKEND)
        assert (features.status_code, len(features.json()["features"])) == (200, 1), "SDKs are served from memory"
        if bouncer:
            wait_until(lambda: server.get(FLAGS).status_code == 200, 60, "a standby can be read")
            assert "The database cannot be written." in server.get("/ready").json()["reasons"]
            assert server.post(FLAGS, json={"name": "lost"}).status_code == 503

        clusters.promote()
        wait_until(lambda: server.get("/ready").status_code == 200, 60, "/ready stays red with a new primary")
        assert server.post(FLAGS, json={"name": "after"}).status_code == 201
        made = [each["featureName"] for each in server.events(type="IS:feature-created")]
        assert made == ["after", "before"], "nothing lost, nothing twice, nothing that was refused"
        assert [each["name"] for each in server.get(FLAGS).json()["features"]] == ["after", "before"]


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_behind_pgbouncer_everything_works(host: Host, clusters: Clusters, mode: Mode) -> None:
    migrated(clusters.primary.url)
    with PgBouncer(clusters.primary.url, mode) as bouncer, TestServer(host, settings_for(bouncer.url)) as server:
        for number in range(6):
            assert server.post(FLAGS, json={"name": f"flag-{number}"}).status_code == 201
            on = server.post(f"{FLAGS}/flag-{number}/environments/development/on")
            assert on.status_code == 200, on.text
        ready = server.get("/ready").json()
        assert any("polled for" in note for note in ready["notes"]), "a pooler is found out in either mode"

        def enabled() -> int:
            features = server.get("/api/client/features", token=BACKEND).json()["features"]
            return sum(each["enabled"] for each in features)

        wait_until(lambda: enabled() == 6, 60, "SDKs are not told")
        assert len(server.events(type="IS:feature-created")) == 6
        count = len(server.events())
        assert len(server.get("/api/admin/log/export").text.splitlines()) == count, "the export itself comes after"
