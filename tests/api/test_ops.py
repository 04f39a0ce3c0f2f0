"""What load balancers, monitoring and browsers see."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from flagkeeper.http.front import SAFE_HEADERS
from tests.cable import Cable
from tests.server import ADMIN, Host, TestServer, settings_for

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
        assert server.get("/health", token=None).status_code == 200
        assert value(server, "flagkeeper_database_readable") == 0

        assert server.post("/api/admin/segments", json={"name": "lost", "constraints": []}).status_code == 503
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
