"""What load balancers, monitoring and browsers see."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from flagkeeper.eventlog import notifier
from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.eventlog.notifier import Notifier
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.tokens.model import TokenType, draft
from flagkeeper.features.usage.slice import USAGE
from flagkeeper.http.middleware import SAFE_HEADERS
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.readmodels.client_features.slice import CLIENT_FEATURES, CLIENT_FEATURES_RUNNER
from flagkeeper.readmodels.event_tail.streams import LiveTails
from flagkeeper.scheduler import Scheduler
from flagkeeper.services import Services
from flagkeeper.supervisor import PATIENCE, Lifecycle
from tests.cable import Cable
from tests.log import Log
from tests.pooler import Pooler
from tests.server import ADMIN, Host, TestServer, settings_for

Step = Callable[[], Awaitable[object]]
METRICS = "/internal-backstage/prometheus"


def metrics(server: TestServer) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample by its name and labels."""
    answer = server.get(METRICS, token=None)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(server: TestServer, name: str, **labels: str) -> float:
    return metrics(server).get((name, frozenset(labels.items())), 0.0)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_server_that_is_well_says_so_to_anybody(server: TestServer) -> None:
    for path in ("/health", "/ready"):
        answer = server.get(path, token=None)
        assert (answer.status_code, answer.json()) == (200, {"health": "GOOD"})


def test_without_its_database_a_server_is_alive_but_not_ready(host: Host, postgresql_url: str) -> None:
    parts = urlsplit(postgresql_url)
    cable = Cable((str(parts.hostname), int(parts.port or 5432)))
    url = parts._replace(netloc=f"postgres@127.0.0.1:{cable.port}").geturl()
    with TestServer(host, settings_for(url)) as server:
        assert server.get("/ready").status_code == 200
        cable.cut()
        until(lambda: server.get("/ready", token=None).status_code == 503)
        bad = server.get("/ready", token=None)
        assert bad.json()["health"] == "BAD"
        assert "The database cannot be read." in bad.json()["reasons"]
        assert bad.headers["retry-after"] == "1"
        assert server.get("/health", token=None).status_code == 200
        assert value(server, "flagkeeper_database_readable") == 0

        lost = server.post("/api/admin/segments", json={"name": "lost", "constraints": []})
        assert (lost.status_code, int(lost.headers["retry-after"])) == (503, 1)
        unread = server.get("/api/admin/segments")
        assert (unread.status_code, int(unread.headers["retry-after"])) == (503, 1)
        assert "The database cannot be written." in server.get("/ready", token=None).json()["reasons"]
        assert value(server, "flagkeeper_database_writable") == 0

        cable.mend()
        until(lambda: server.get("/ready", token=None).status_code == 200)
        assert value(server, "flagkeeper_database_writable") == 1
    cable.close()


def test_requests_are_counted_by_route_and_never_by_path(server: TestServer) -> None:
    labels = {"method": "GET", "route": "/api/admin/segments/{segment_id}", "status": "404"}
    before = value(server, "flagkeeper_http_requests_total", **labels)
    nowhere = value(server, "flagkeeper_http_requests_total", method="GET", route="none", status="404")
    for number in (111_111_111_111, 222_222_222_222, 333_333_333_333):
        server.get(f"/api/admin/segments/{number}")
        server.get(f"/no/such/place/{number}")
    after = metrics(server)
    assert after["flagkeeper_http_requests_total", frozenset(labels.items())] == before + 3
    assert (
        after["flagkeeper_http_requests_total", frozenset({"method": "GET", "route": "none", "status": "404"}.items())]
        == nowhere + 3
    )
    del labels["status"]
    assert after["flagkeeper_http_request_seconds_count", frozenset(labels.items())] >= 3
    assert "222222222222" not in server.get(METRICS).text


def test_invented_methods_make_no_series_of_their_own(server: TestServer) -> None:
    for method in ("PROPFIND", "MKCOL"):
        server.request(method, "/api/admin/segments")
    found = {dict(labels).get("method") for _, labels in metrics(server)}
    assert "other" in found
    assert not {"PROPFIND", "MKCOL"} & found


def test_the_writer_and_the_log_can_be_watched(server: TestServer) -> None:
    before = metrics(server)
    for number in range(3):
        server.post("/api/admin/segments", json={"name": f"segment {number}", "constraints": []})
    last_id = server.last_id()
    none: frozenset[tuple[str, str]] = frozenset()
    until(lambda: value(server, "flagkeeper_follower_position", follower="credentials", kind="memory") == last_id)
    after = metrics(server)
    assert after["flagkeeper_log_last_event", none] == last_id
    assert after["flagkeeper_writer_units_total", none] >= before["flagkeeper_writer_units_total", none] + 3
    assert after["flagkeeper_writer_commits_total", none] > before["flagkeeper_writer_commits_total", none]
    assert after["flagkeeper_writer_waiting", none] >= 0
    assert after["flagkeeper_database_readable", none] == after["flagkeeper_database_writable", none] == 1
    followers = {dict(labels)["follower"] for name, labels in after if name == "flagkeeper_follower_lag_seconds"}
    assert "credentials" in followers
    assert after["process_resident_memory_bytes", none] > 0


def test_metrics_hold_no_secret(server: TestServer) -> None:
    server.get(f"/api/admin/api-tokens/{ADMIN}")
    assert ADMIN not in server.get(METRICS).text


@pytest.mark.parametrize("path", ["/health", "/docs/openapi", "/api/admin/segments", "/no/such/place"])
def test_browsers_are_told_to_do_nothing_clever(server: TestServer, path: str) -> None:
    headers = server.get(path).headers
    for name, wanted in SAFE_HEADERS:
        assert headers[name.decode()] == wanted.decode()
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


def test_every_answer_can_be_found_in_the_log(server: TestServer) -> None:
    first, second = (server.get("/api/admin/segments").headers["x-request-id"] for _ in range(2))
    assert first != second
    named = server.get("/api/admin/segments", headers={"X-Request-Id": "proxy-7"})
    assert named.headers["x-request-id"] == "proxy-7"
    forged = server.get("/api/admin/segments", headers={"X-Request-Id": "a b<script>"})
    assert forged.headers["x-request-id"] not in ("a b<script>", "")


def test_notifications_that_do_not_arrive_are_told_and_changes_of_others_are_polled_for(
    host: Host, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier, "SONAR_LIMIT", 0.2)
    pooler = Pooler(postgresql_url)
    with TestServer(host, settings_for(pooler.url)) as server:
        until(lambda: "notes" in server.get("/ready").json())
        answer = server.get("/ready")
        assert (answer.status_code, answer.json()["health"]) == (200, "GOOD")
        assert "polled for" in answer.json()["notes"][0]
        assert value(server, "flagkeeper_notifications_arrive") == 0
        log = Log(postgresql_url)
        token, secret = log.run(tokens.create, draft("ci", TokenType.ADMIN, None, None))
        until(lambda: server.get("/api/admin/segments", token=secret).status_code == 200)
        log.run(tokens.delete, token.id)
        until(lambda: server.get("/api/admin/segments", token=secret).status_code == 401)
        log.close()
    pooler.close()


def test_a_follower_that_cannot_be_loaded_makes_the_server_unready_until_it_is(
    server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a defect")

    features = server.services[CLIENT_FEATURES]
    with monkeypatch.context() as broken:
        broken.setattr(features, "apply", fail)
        broken.setattr(features, "load", fail)
        server.post("/api/admin/segments", json={"name": "unlucky", "constraints": []})
        until(lambda: server.get("/ready").status_code == 503)
        assert server.get("/ready").json()["reasons"] == ["client-features is being loaded anew."]
        assert value(server, "flagkeeper_background_failures_total", task="follower-client-features") >= 1
        assert server.get("/api/admin/segments").status_code == 200, "others go on"
    until(lambda: server.get("/ready").status_code == 200)
    position = server.services[CLIENT_FEATURES_RUNNER].position
    assert position == server.last_id()


ORDER = """
    reader reader reader reader writer outbound-client log-reader settings_follower mailer seen_tokens edge_reports
    measurements usage traffic credentials client_features_runner client_streams ofrep_streams live_tails index
    search_tail project_figures project_weeks deliveries notifier file-import retention scheduler
"""
"""What followers need runs before them, who listens is there before the notifier, and jobs begin last."""


def test_parts_start_in_order_and_stop_in_reverse(host: Host, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started, stopped = [], []
    start = Lifecycle.start

    async def watched(lifecycle: Lifecycle, name: str, begin: Step, end: Step, patience: float = PATIENCE) -> None:
        async def watched_end() -> None:
            stopped.append(name)
            await end()

        await start(lifecycle, name, begin, watched_end, patience)
        started.append(name)

    monkeypatch.setattr(Lifecycle, "start", watched)

    async def run() -> None:
        services = Services(settings_for(sqlite_url))
        await services.start()
        await services.stop()

    host.call(run())
    assert started == ORDER.split()
    assert stopped == started[::-1]


@pytest.mark.parametrize("part", [LogReader, MemoryRunner, LiveTails, Notifier, Scheduler])
def test_a_start_that_fails_ends_what_was_started(
    host: Host, sqlite_url: str, part: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ValueError("no start")

    async def start() -> None:
        services = Services(settings_for(sqlite_url))
        before = asyncio.all_tasks()
        monkeypatch.setattr(part, "start", fail)
        with pytest.raises(ValueError, match="no start"):
            await services.start()
        with pytest.raises(Unavailable):
            await services.units.run(SYSTEM, lambda unit: unit.now)
        assert asyncio.all_tasks() <= before
        await services.stop()

    host.call(start())


def test_a_part_that_stops_badly_or_never_keeps_no_other_from_stopping(
    host: Host, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise ValueError("no stop")

    async def hang() -> None:
        await asyncio.Event().wait()

    async def run() -> None:
        services = Services(settings_for(sqlite_url))
        await services.stop()
        notifier_stop, usage_stop = services.notifier.stop, services[USAGE].stop
        monkeypatch.setattr(services.notifier, "stop", fail)
        monkeypatch.setattr(services[USAGE], "stop", hang)
        await services.start()
        async with asyncio.timeout(10):
            await services.stop()
        with pytest.raises(Unavailable):
            await services.units.run(SYSTEM, lambda unit: unit.now)
        await services.stop()
        await notifier_stop()
        await usage_stop()

    host.call(run())
