"""What edges tell of themselves, over HTTP."""

from collections.abc import Sequence
from typing import Any

import pytest

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.edge_instances import commands, model
from flagkeeper.features.edge_instances.jobs import EdgeReports
from flagkeeper.features.edge_instances.slice import EDGE_REPORTS
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import RateLimited, Unavailable
from flagkeeper.supervisor import Supervisor
from tests.server import ADMIN, BACKEND, FRONTEND, TestServer

REPORT, HEARTBEAT = "/api/client/metrics/edge", "/api/client/edge-licensing/heartbeat"
LIST = "/api/admin/metrics/edges"
NEVER = {"avg": 0.0, "count": 0.0, "p99": 0.0}


def report(identifier: str = "01JEDGE", **changed: Any) -> dict[str, Any]:
    """As Unleash's Edge sends it."""
    return {
        "identifier": identifier,
        "appName": "unleash-edge",
        "region": "eu-north-1",
        "edgeVersion": "20.1.0",
        "processMetrics": {"cpuUsage": 1.5, "memoryUsage": 17_000_000.0},
        "started": "2026-11-22T01:24:40.611953720Z",
        "traffic": {
            "get": {"/api/client/features": {"avg": 0.4, "count": 70.0, "p99": 1.2}, "/api/frontend": None},
            "post": {},
            "accessDenied": {},
            "cachedResponses": {},
        },
        "latencyUpstream": {"features": {"avg": 7.5, "count": 3.0, "p99": 9.0}, "metrics": NEVER, "edge": NEVER},
        "requestsSinceLastReport": {"/api/client/features": {"requests200": 3, "requests304": 67}},
        "connectedStreamingClients": 12,
        "connectedEdges": [],
        "connectionConsumptionSinceLastReport": {"features": [], "metrics": []},
        "requestConsumptionSinceLastReport": {"meteredGroup": "default", "requests": 5},
        "apiKeyRevisionIds": [{"environment": "development", "projects": ["*"], "revisionId": 41, "lastUpdated": None}],
        **changed,
    }


def send(server: TestServer, *reports: Any) -> None:
    for each in reports:
        answer = server.post(REPORT, token=BACKEND, json=each)
        assert (answer.status_code, answer.content) == (202, b""), answer.text
    server.call(server.services[EDGE_REPORTS].flush())


def listed(server: TestServer) -> list[dict[str, Any]]:
    answer = server.get(LIST)
    assert answer.status_code == 200, answer.text
    body: list[dict[str, Any]] = answer.json()
    return body


def test_what_an_edge_tells_is_seen(server: TestServer) -> None:
    assert listed(server) == []
    before, event = clock.now(), server.last_id()
    send(server, report())
    (edge,) = listed(server)
    assert before <= clock.from_iso(edge.pop("reportedAt")) <= clock.now() + clock.SECOND
    assert edge == {
        "instanceId": "01JEDGE",
        "appName": "unleash-edge",
        "edgeVersion": "20.1.0",
        "region": "eu-north-1",
        "hosting": None,
        "connectedVia": None,
        "started": "2026-11-22T01:24:40.611Z",
        "connectedStreamingClients": 12,
        "cpuUsage": 1.5,
        "memoryUsage": 17_000_000.0,
        "clientFeaturesAverageLatencyMs": 0.4,
        "clientFeaturesP99LatencyMs": 1.2,
        "frontendApiAverageLatencyMs": 0.0,
        "frontendApiP99LatencyMs": 0.0,
        "upstreamFeaturesAverageLatencyMs": 7.5,
        "upstreamFeaturesP99LatencyMs": 9.0,
        "upstreamMetricsAverageLatencyMs": 0.0,
        "upstreamMetricsP99LatencyMs": 0.0,
        "upstreamEdgeAverageLatencyMs": 0.0,
        "upstreamEdgeP99LatencyMs": 0.0,
        "requestsSinceLastReport": {"/api/client/features": {"requests200": 3, "requests304": 67}},
        "apiKeyRevisionIds": [{"environment": "development", "projects": ["*"], "revisionId": 41, "lastUpdated": None}],
    }
    send(server, report(connectedStreamingClients=0))
    assert [each["connectedStreamingClients"] for each in listed(server)] == [0], "the newest report holds"
    assert server.events_after(event) == []


def test_edges_behind_an_edge_are_seen_with_it(server: TestServer) -> None:
    last = report("last", processMetrics=None, hosting="self-hosted", apiKeyRevisionIds=None)
    send(server, report("first", connectedEdges=[report("middle", connectedEdges=[last])]))
    found = {each["instanceId"]: each["connectedVia"] for each in listed(server)}
    assert found == {"first": None, "middle": "first", "last": "middle"}


def test_what_makes_no_sense_is_refused_whole(server: TestServer) -> None:
    lacking = report()
    del lacking["traffic"]
    behind = [report(str(i)) for i in range(model.MOST_IN_REPORT)]
    for wrong, place in (
        (lacking, "/body/traffic"),
        (report(identifier=""), "/body/identifier"),
        (report(identifier="a\u0000b"), "/body"),
        (report(started="yesterday"), "/body/started"),
        (report(connectedStreamingClients=-1), "/body/connectedStreamingClients"),
        (report(hosting="moon"), "/body/hosting"),
        (report("good", connectedEdges=[report(edgeVersion=7)]), "/body/connectedEdges/0/edgeVersion"),
        (report("good", connectedEdges=[report(started="soon")]), "/body/connectedEdges/0/started"),
        (report("good", connectedEdges=behind), "/body/connectedEdges"),
        ([], "/body"),
    ):
        answer = server.post(REPORT, token=BACKEND, json=wrong)
        assert (answer.status_code, answer.json()["name"]) == (400, "BadDataError"), wrong
        assert answer.json()["details"][0]["path"] == place
    send(server)
    assert listed(server) == []


@pytest.mark.parametrize("path", [REPORT, HEARTBEAT])
def test_who_may_tell(server: TestServer, path: str) -> None:
    for token, status in ((None, 401), ("*:development.unknown", 401), (FRONTEND, 403), (ADMIN, 403), (BACKEND, 202)):
        assert server.post(path, token=token, json=report()).status_code == status
    assert server.get(path, token=BACKEND).status_code == 405
    assert server.get(LIST, token=BACKEND).status_code == 403


def test_any_edge_may_run(server: TestServer) -> None:
    for body in ({"content": b""}, {"json": {"connectionId": "x"}}):
        assert server.post(HEARTBEAT, token=BACKEND, **body).json() == {"edgeLicenseState": "Valid"}


def test_servers_write_into_one_table(server: TestServer) -> None:
    """Each is told by some edges, and all show all."""
    others = [EdgeReports(server.services.units, Supervisor()) for _ in range(3)]
    for number, other in enumerate(others):
        server.call(taken(other, f"edge-{number}"))
        server.call(taken(other, "shared"))
    for other in others:
        server.call(other.flush())
    assert sorted(each["instanceId"] for each in listed(server)) == ["edge-0", "edge-1", "edge-2", "shared"]


async def taken(reports: EdgeReports, *names: str) -> None:
    reports.take(instances(*names))


def instances(*names: str) -> Sequence[model.EdgeInstance]:
    return [model.EdgeInstance(id=each, app_name="edge", version="1.0.0", started=0) for each in names]


def test_the_newest_stay_and_the_old_go(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = server.services[EDGE_REPORTS]
    first = [f"a-{number}" for number in range(model.MOST_INSTANCES)]
    server.call(taken(reports, *first))
    server.call(reports.flush())
    send(server, report("one-more"))
    names = {each["instanceId"] for each in listed(server)}
    assert (len(names), "one-more" in names) == (model.MOST_INSTANCES, True)

    server.call(reports.clean(server.services.units))
    assert len(listed(server)) == model.MOST_INSTANCES
    monkeypatch.setattr(commands, "KEPT", -clock.MINUTE)
    server.call(reports.clean(server.services.units))
    assert listed(server) == []


def test_what_cannot_be_written_now_is_written_later(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = EdgeReports(server.services.units, Supervisor())
    server.call(taken(reports, "kept"))

    async def refuse(*_: object) -> None:
        raise Unavailable("not now")

    with monkeypatch.context() as away:
        away.setattr(Units, "run", refuse)
        with pytest.raises(Unavailable):
            server.call(reports.flush())
        server.call(taken(reports, *(f"e-{number}" for number in range(model.MOST_INSTANCES - 1))))
        with pytest.raises(RateLimited):
            server.call(taken(reports, "one-too-many"))
        server.call(taken(reports, "kept"))
    server.call(reports.flush())
    assert "kept" in {each["instanceId"] for each in listed(server)}
    assert (reports.dropped, len(listed(server))) == (0, model.MOST_INSTANCES)
