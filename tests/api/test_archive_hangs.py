"""A store that hangs: only what needs it waits, and not for long."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.archive.archiver import RetentionPolicy
from flagkeeper.eventlog.archive.timed import ANSWER
from flagkeeper.eventlog.index import store as index_store
from flagkeeper.eventlog.index.maintainer import Indexer
from flagkeeper.eventlog.read import LogRows
from tests.api.test_cli import Serving, flagkeeper, serving
from tests.archive import archiver, fill, place_in
from tests.hanging import hanging_files, silent_service
from tests.log import ALICE, Log
from tests.server import PASSWORD

pytestmark = pytest.mark.slow

ARCHIVED = 4_000
PROMPT = 0.6 * ANSWER
"""Seconds for what does not wait for the archive, on a machine that does much else."""
IN_TIME = 20.0
NEEDS_IT = "/api/admin/search/events?id=IS:3"
WITHOUT_IT = (
    "/ready",
    "/health",
    "/api/admin/projects/default/features",
    "/api/admin/search/events?limit=20",
    "/api/admin/log/events?q=type:segment-created&limit=5",
)


@pytest.fixture
def archived_log(database_url: str, tmp_path: Path) -> str:
    """A database whose older events are in an archive, and all in the index."""
    log = Log(database_url)
    fill(log, ARCHIVED + 300)
    blobs = place_in(tmp_path)
    index_store.prepare(log.database)
    Indexer(log.database, LogRows(Archive(blobs)), politely=False).build(lambda _done, _total: None)
    archiver(log, blobs, RetentionPolicy(keep_events=300), largest=1_000).run(ALICE)
    log.close()
    return database_url


@pytest.fixture(params=["directory", "bucket"])
def hanging(request: pytest.FixtureRequest, archived_log: str, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The database, and the settings that name a store which hangs."""
    with ExitStack() as open_:
        settings = {"FLAGKEEPER_LOG_KEEP_EVENTS": "100", "FLAGKEEPER_ARCHIVE": str(tmp_path / "archive")}
        if request.param == "directory":
            open_.enter_context(hanging_files(tmp_path / "archive"))
        else:
            settings |= {
                "FLAGKEEPER_ARCHIVE": "s3://logs/flags",
                "FLAGKEEPER_ARCHIVE_ENDPOINT": open_.enter_context(silent_service()),
                "FLAGKEEPER_ARCHIVE_REGION": "eu-central-1",
                "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
                "AWS_SECRET_ACCESS_KEY": "secret",
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        yield archived_log, settings


def answer(server: Serving, path: str) -> tuple[httpx.Response, float]:
    started = time.monotonic()
    found = httpx.get(f"{server.url}{path}", headers=server.client.headers, timeout=60, trust_env=False)
    return found, time.monotonic() - started


def test_only_what_needs_it_waits(hanging: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    database_url, settings = hanging
    with serving(database_url, tmp_path, **settings) as server, ThreadPoolExecutor(16) as threads:
        waiting = [threads.submit(answer, server, NEEDS_IT) for _ in range(12)]
        rounds = 0
        while rounds < 3 or not all(each.done() for each in waiting):
            for path in WITHOUT_IT:
                found, seconds = answer(server, path)
                assert (path, found.status_code) == (path, 200), found.text
                assert seconds < PROMPT, path
            body = {"username": "admin", "password": PASSWORD}
            if rounds < 5:  # more would be too many for one address
                assert server.client.post("/auth/simple/login", json=body).status_code == 200
            name = f"made-{rounds}"
            made = server.client.post("/api/admin/projects/default/features", json={"name": name})
            assert made.status_code == 201, made.text
            (event,) = server.client.get(f"/api/admin/search/events?feature=IS:{name}&type=IS:feature-created").json()[
                "events"
            ]
            assert event["featureName"] == name, "what is new is found"
            rounds += 1
        for each in waiting:
            found, seconds = each.result()
            assert (found.status_code, found.json()["name"]) == (503, "ServiceUnavailableError")
            assert seconds < IN_TIME
        ready = server.client.get("/ready").json()
        assert ready["health"] == "GOOD"
        assert "answer" in ready["notes"][0]
        assert "flagkeeper_archive_usable 0.0" in server.client.get("/internal-backstage/prometheus").text
        found, seconds = answer(server, NEEDS_IT)
        assert (found.status_code, seconds < PROMPT) == (503, True), "nobody waits for what hangs already"


def test_damage_is_shown_and_so_is_its_end(archived_log: str, tmp_path: Path) -> None:
    path = next((tmp_path / "archive").rglob("000000000001-*.parquet"))
    whole = path.read_bytes()
    with serving(archived_log, tmp_path, FLAGKEEPER_ARCHIVE=str(tmp_path / "archive")) as server:
        path.write_bytes(whole[:-9])
        refused, _ = answer(server, NEEDS_IT)
        assert (refused.status_code, "checksum is wrong" in refused.json()["message"]) == (503, True)
        ready = server.client.get("/ready")
        (warning,) = ready.json()["notes"]
        assert (ready.status_code, ready.json()["health"]) == (200, "GOOD")
        assert path.name in warning
        assert "checksum is wrong" in warning
        assert answer(server, "/api/admin/search/events?id=IS:2500")[0].status_code == 200, "other segments are sound"

        path.write_bytes(whole)
        assert answer(server, NEEDS_IT)[0].json()["events"][0]["id"] == 3
        assert server.client.get("/ready").json() == {"health": "GOOD"}


def test_the_stop_waits_for_no_store(hanging: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    database_url, settings = hanging
    with serving(database_url, tmp_path, **settings) as server, ThreadPoolExecutor(4) as threads:
        begun = server.client.post("/api/admin/log/archive/runs")
        assert begun.status_code == 202, begun.text
        waiting = [threads.submit(answer, server, NEEDS_IT) for _ in range(3)]
        found, _ = answer(server, "/ready")
        assert found.status_code == 200
        started = time.monotonic()
        assert server.stop() == 0, (tmp_path / "log").read_text()
        assert time.monotonic() - started < 10
        for each in waiting:
            assert each.exception() is not None or each.result()[0].status_code == 503


@pytest.mark.parametrize("command", [("archive", "verify"), ("events", "export")])
def test_commands_say_so(hanging: tuple[str, dict[str, str]], command: tuple[str, ...]) -> None:
    database_url, settings = hanging
    started = time.monotonic()
    failed = flagkeeper(*command, on=database_url, **settings)
    assert failed.returncode == 1
    complaints = failed.stderr.splitlines()
    assert all(each.startswith("flagkeeper: ") for each in complaints), failed.stderr
    assert settings["FLAGKEEPER_ARCHIVE"] in complaints[0]
    assert time.monotonic() - started < IN_TIME + 5
