"""Traffic over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.traffic.jobs import TrafficCollector
from flagkeeper.features.traffic.slice import TRAFFIC
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.supervisor import Supervisor
from tests.people import person
from tests.server import BACKEND, FRONTEND, TestServer

METRICS = "/api/admin/metrics"
PATHS = ("traffic", "request", "connection")


def period() -> str:
    """From yesterday to tomorrow, wherever midnight falls."""
    today = datetime.now(UTC).date()
    return f"from={today - timedelta(days=1)}&to={today + timedelta(days=1)}"


def asked(server: TestServer, what: str, grouping: str = "daily") -> dict[str, Any]:
    server.call(server.services[TRAFFIC].flush())
    answer = server.get(f"{METRICS}/{what}?grouping={grouping}&{period()}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body["grouping"] == grouping
    assert f"from={body['dateRange']['from']}&to={body['dateRange']['to']}" == period()
    return body


def traffic(server: TestServer, area: str, grouping: str = "daily") -> dict[str, int]:
    found: dict[str, int] = {}
    for each in asked(server, "traffic", grouping)["apiData"]:
        if each["apiPath"] == area:
            for point in each["dataPoints"]:
                for kind in point["trafficTypes"]:
                    found[kind["group"]] = found.get(kind["group"], 0) + kind["count"]
    return found


def test_requests_are_counted_by_what_became_of_them(server: TestServer) -> None:
    features = "/api/client/features"
    etag = server.get(features, token=BACKEND).headers["etag"]
    assert server.get(features, token=BACKEND, headers={"If-None-Match": etag}).status_code == 304
    assert server.get(features, token=FRONTEND).status_code == 403
    server.get("/health")
    for grouping in ("daily", "monthly"):
        found = traffic(server, "/api/client", grouping)
        assert found == {"successful-requests": 1, "not-modified-requests": 1, "refused-requests": 1}
    before = traffic(server, "/api/admin")["successful-requests"]
    assert traffic(server, "/api/admin")["successful-requests"] == before + 1

    groups = {each["meteredGroup"]: each["dataPoints"] for each in asked(server, "request")["apiData"]}
    assert [each["requests"] for each in groups["client"]] == [2]
    (connected,) = asked(server, "connection", "monthly")["apiData"]
    (point,) = connected["dataPoints"]
    assert (connected["meteredGroup"], len(point["period"])) == ("client", len("2026-11"))
    assert 0 <= point["connections"] <= 3


def test_servers_add_to_the_same_numbers(server: TestServer) -> None:
    other = TrafficCollector(server.services.units, Supervisor())
    server.call(counted(other, 7))
    server.call(other.flush())
    server.call(other.flush())
    server.get("/api/client/features", token=BACKEND)
    assert traffic(server, "/api/client") == {"successful-requests": 8}


async def counted(traffic: TrafficCollector, times: int) -> None:
    scope = {"headers": [(b"unleash-appname", b"shop")]}
    for _ in range(times):
        traffic.watch(scope, "/api/client/features", 200)


def test_what_cannot_be_written_now_is_written_later(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    collector = TrafficCollector(server.services.units, Supervisor())
    server.call(counted(collector, 3))

    async def refuse(*_: object) -> None:
        raise Unavailable("not now")

    with monkeypatch.context() as patched:
        patched.setattr(Units, "run", refuse)
        with pytest.raises(Unavailable):
            server.call(collector.flush())
    server.call(counted(collector, 2))
    server.call(collector.flush())
    assert (traffic(server, "/api/client"), collector.dropped) == ({"successful-requests": 5}, 0)


def test_requests_per_second_by_route_and_application(server: TestServer) -> None:
    collector = server.services[TRAFFIC]
    server.call(counted(collector, 5))
    server.get("/api/admin/projects")
    server.call(collector.flush())
    found = server.get(f"{METRICS}/rps").json()
    (of_sdks,) = found["clientMetrics"]["data"]["result"]
    assert (found["clientMetrics"]["status"], found["clientMetrics"]["data"]["resultType"]) == ("success", "matrix")
    assert of_sdks["metric"] == {"appName": "shop", "endpoint": "/api/client/features"}
    assert all(moment % 300 == 0 and float(rate) >= 0 for moment, rate in of_sdks["values"])
    assert any(float(rate) > 0 for _, rate in of_sdks["values"])
    routes = {each["metric"]["endpoint"] for each in found["adminMetrics"]["data"]["result"]}
    assert "/api/admin/projects" in routes
    assert all(each["metric"].keys() == {"endpoint"} for each in found["adminMetrics"]["data"]["result"])


@pytest.mark.parametrize("what", PATHS)
@pytest.mark.parametrize(
    "query",
    [
        "",
        "grouping=daily&from=2026-11-02",
        "grouping=hourly&from=2026-11-01&to=2026-11-02",
        "grouping=daily&from=2026-11-02&to=2026-11-01",
        "grouping=daily&from=2026-13-02&to=2026-11-01",
        "grouping=daily&from=2000-01-01&to=2026-11-01",
        "grouping=daily&from=1e9&to=2026-11-01",
    ],
)
def test_what_is_no_period(server: TestServer, what: str, query: str) -> None:
    answer = server.get(f"{METRICS}/{what}?{query}")
    assert (answer.status_code, answer.json()["name"]) == (400, "BadDataError"), answer.text
    assert answer.json()["details"]


def test_it_is_for_administrators(server: TestServer) -> None:
    editor = person(server, "ed", "Editor").token
    for path in (*(f"{each}?grouping=daily&{period()}" for each in PATHS), "rps"):
        assert server.get(f"{METRICS}/{path}", token=editor).status_code == 403
