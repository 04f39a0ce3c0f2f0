"""The server's own settings, its numbers, and what people say of its web interface, over HTTP."""

import csv
import io
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from flagkeeper import __version__
from tests.people import browser, person
from tests.server import ADMIN, BACKEND, Host, TestServer, settings_for

MAINTENANCE = "/api/admin/maintenance"
CORS = "/api/admin/ui-config/cors"
CONFIG = "/api/admin/ui-config"
STATISTICS = "/api/admin/instance-admin/statistics"
FLAGS = "/api/admin/projects/default/features"


def named(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["name"]


def told(events: list[dict[str, Any]]) -> list[tuple[str, Any, Any]]:
    return [(event["type"], event["data"], event["preData"]) for event in events]


@pytest.mark.causes("setting-created", "setting-updated", action="POST /api/admin/maintenance")
def test_maintenance(server: TestServer) -> None:
    viewer = person(server, "vi")
    before = server.last_id()
    assert server.post(MAINTENANCE, json={"enabled": False}).status_code == 204
    assert server.events_after(before) == [], "nobody had ever closed it"
    assert server.post(MAINTENANCE, json={"enabled": True}).status_code == 204
    assert server.post(MAINTENANCE, json={"enabled": True}).status_code == 204
    with capture_logs() as logged:
        refused = [
            server.post(FLAGS, json={"name": "lantern"}),
            server.put("/api/admin/user-admin/1", json={"name": "Boss"}),
            server.delete(f"/api/admin/user-admin/{viewer.id}"),
            server.patch(f"{FLAGS}/lantern", json=[]),
        ]
    assert not [each for each in logged if each["log_level"] == "error"], "somebody meant it"
    assert [named(answer) for answer in refused] == [(503, "MaintenanceModeError")] * 4
    assert named(server.post(FLAGS, json={"name": "lantern"}, token=viewer.token)) == (403, "PermissionError")
    assert server.get(MAINTENANCE).json() == {"enabled": True}
    assert server.get(CONFIG, token=viewer.token).json()["maintenanceMode"] is True
    assert server.get("/api/client/features", token=BACKEND).status_code == 200
    application = {
        "appName": "web",
        "instanceId": "1",
        "strategies": [],
        "started": "2026-11-22T01:00:00Z",
        "interval": 1,
    }
    assert server.post("/api/client/register", json=application, token=BACKEND).status_code == 202
    with browser(server, "vi") as client:
        assert client.get("/api/admin/user").status_code == 200
    assert named(server.post(MAINTENANCE, json={"enabled": False}, token=viewer.token)) == (403, "PermissionError")
    assert server.post(MAINTENANCE, json={}).status_code == 400
    assert server.post(MAINTENANCE, json={"enabled": False}).status_code == 204
    assert server.post(FLAGS, json={"name": "lantern"}).status_code == 201
    assert told(server.events(type="IS_ANY_OF:setting-created,setting-updated"))[::-1] == [
        ("setting-created", {"id": "maintenance.mode", "enabled": True}, None),
        ("setting-updated", {"id": "maintenance.mode", "enabled": False}, {"enabled": True}),
    ]


@pytest.mark.causes("setting-created", "setting-updated", "setting-deleted", action="POST /api/admin/ui-config/cors")
def test_the_configuration_of_a_web_interface(server: TestServer) -> None:
    viewer = person(server, "vi")
    config = server.get(CONFIG, token=viewer.token).json()
    assert (config["version"], config["frontendApiOrigins"], config["emailEnabled"]) == (__version__, ["*"], False)
    assert (config["authenticationType"], config["unleashUrl"]) == ("open-source", "http://flagkeeper.test")
    assert config["resourceLimits"] == {
        **dict.fromkeys(("actionSetActions", "actionSetFilterValues", "actionSetFilters", "actionSetsPerProject"), 0),
        **dict.fromkeys(("signalEndpoints", "signalTokensPerEndpoint", "releaseTemplates"), 0),
        "apiTokens": 2000,
        "constraintValues": 250,
        "constraints": 30,
        "environments": 50,
        "featureFlags": 5000,
        "featureEnvironmentStrategies": 30,
        "projects": 500,
        "segmentValues": 1000,
        "segments": 300,
        "signupTokens": 100,
        "strategySegments": 5,
    }
    before = server.last_id()
    for origins in (["https://a.test", "https://a.test"], ["https://a.test"], ["http://[::1]:3000", "*"]):
        assert server.post(CORS, json={"frontendApiOrigins": origins}).status_code == 204
    assert server.get(CONFIG).json()["frontendApiOrigins"] == ["http://[::1]:3000", "*"]
    for wrong in ("bad", "https://ä.test", "https://a.test/", "https://*.test", "ftp://a.test", "https://a.test:x", ""):
        assert named(server.post(CORS, json={"frontendApiOrigins": [wrong]})) == (400, "BadDataError")
    assert server.post(CORS, json={}).status_code == 204
    assert server.get(CONFIG).json()["frontendApiOrigins"] == ["*"]
    first, second = {"frontendApiOrigins": ["https://a.test"]}, {"frontendApiOrigins": ["http://[::1]:3000", "*"]}
    assert told(server.events_after(before)) == [
        ("setting-created", {"id": "unleash.frontend", **first}, None),
        ("setting-updated", {"id": "unleash.frontend", **second}, first),
        ("setting-deleted", {"id": "unleash.frontend"}, second),
    ]
    assert named(server.post(CORS, json={}, token=viewer.token)) == (403, "PermissionError")
    assert server.get("/api/admin/telemetry/settings", token=viewer.token).json() == {
        "versionInfoCollectionEnabled": False,
        "featureInfoCollectionEnabled": False,
    }
    assert server.get(CONFIG, token=None).status_code == 401


def test_settings_outlive_the_server(host: Host, sqlite_url: str) -> None:
    settings = settings_for(sqlite_url, frontend_origins=("https://first.test",))
    with TestServer(host, settings) as server:
        assert server.get(CONFIG).json()["frontendApiOrigins"] == ["https://first.test"]
        server.post(CORS, json={"frontendApiOrigins": ["https://second.test"]})
        server.post(MAINTENANCE, json={"enabled": True})
    with TestServer(host, settings) as server:
        config = server.get(CONFIG).json()
        assert (config["frontendApiOrigins"], config["maintenanceMode"]) == (["https://second.test"], True)
        assert server.post(FLAGS, json={"name": "lantern"}).status_code == 503


def test_numbers(server: TestServer) -> None:
    person(server, "vi")
    with browser(server, "vi"):
        pass
    server.post(FLAGS, json={"name": "lantern"})
    server.post(FLAGS, json={"name": "candle"})
    server.delete(f"{FLAGS}/candle")
    strategies = f"{FLAGS}/lantern/environments/production/strategies"
    constraint = {"contextName": "userId", "operator": "IN", "values": ["1", "2", "3"]}
    for constraints in ([], [constraint, constraint]):
        body = {"name": "flexibleRollout", "constraints": constraints, "parameters": {"rollout": "50"}}
        assert server.post(strategies, json=body).status_code == 200
    found = server.get(STATISTICS).json()
    assert found["apiTokens"] == {"admin": 1, "client": 1, "backend": 1, "frontend": 1}
    assert found["activeUsers"] == {"last7": 1, "last30": 1, "last60": 1, "last90": 1}
    assert found["productionChanges"]["last30"] == found["productionChanges"]["last90"] >= 2
    assert found["contextFields"] == len(server.get("/api/admin/context").json())
    assert {name: found[name] for name in ("users", "readOnlyUsers", "licensedUsers", "projects", "roles")} == {
        "users": 2,
        "readOnlyUsers": 1,
        "licensedUsers": 1,
        "projects": 1,
        "roles": 6,
    }
    assert (found["featureToggles"], found["archivedFeatureToggles"], found["environments"]) == (1, 1, 2)
    assert (found["maxEnvironmentStrategies"], found["maxConstraints"], found["maxConstraintValues"]) == (2, 2, 3)
    assert found["instanceId"] == server.get(CONFIG).json()["versionInfo"]["instanceId"]
    answer = server.get(f"{STATISTICS}/csv")
    assert answer.headers["content-type"].startswith("text/csv")
    names, values = csv.reader(io.StringIO(answer.text))
    line = dict(zip(names, values, strict=True))
    assert (line["users"], line["activeUsers.last7"], line["clientApps.allTime"]) == ("2", "1", "0")
    assert server.get(STATISTICS, token=person(server, "eve", "Editor").token).status_code == 403


def test_what_people_are_shown_and_say(server: TestServer) -> None:
    ada, eve = person(server, "ada"), person(server, "eve")
    before = server.last_id()
    with capture_logs() as logged:
        seen = server.post("/api/admin/splash/tour", token=ada.token)
        assert seen.json() == {"userId": ada.id, "splashId": "tour", "seen": True}
        body: dict[str, Any] = {"feedbackId": "pnps"}
        asked = server.post("/api/admin/feedback", json=body, token=ada.token).json()
        assert asked == {"userId": ada.id, "feedbackId": "pnps", "given": None, "neverShow": False}
        body = {"given": "2026-11-22T01:02:03.000Z", "userId": eve.id}
        answered = server.put("/api/admin/feedback/pnps", json=body, token=ada.token).json()
        assert answered == {**asked, "given": body["given"]}
        never = server.put("/api/admin/feedback/pnps", json={"neverShow": True}, token=ada.token).json()
        assert never == {**answered, "neverShow": True}
        me = server.get("/api/admin/user", token=ada.token).json()
        assert (me["splash"], me["feedback"]) == ({"tour": True}, [never])
        me = server.get("/api/admin/user", token=eve.token).json()
        assert (me["splash"], me["feedback"]) == ({}, [])
        said = {"category": "search", "difficultyScore": 5, "positive": "fast"}
        given = server.post("/feedback", json=said, token=ada.token).json()
        assert {**given, "createdAt": "", "id": 0} == {
            **said,
            "createdAt": "",
            "id": 0,
            "userType": None,
            "areasForImprovement": None,
        }
        assert server.get("/api/admin/feedback").json() == [given]
        error = {"errorMessage": "no x of undefined", "errorStack": f"at https://f.test/?token={ADMIN}{'a1B2' * 8}"}
        assert server.post("/api/admin/record-ui-error", json=error, token=ada.token).status_code == 204
        for refused, status in (
            (server.post("/api/admin/splash/tour"), 403),
            (server.post("/api/admin/feedback", json={}, token=ada.token), 400),
            (server.post(f"/api/admin/splash/{'x' * 200}", token=ada.token), 400),
            (server.post("/feedback", json={"category": " "}, token=ada.token), 400),
            (server.post("/feedback", json=said, token=None), 401),
            (server.get("/api/admin/feedback", token=ada.token), 403),
            (server.post("/api/admin/record-ui-error", json={}, token=ada.token), 400),
            (server.post("/api/admin/record-ui-error", json=error, token=None), 401),
        ):
            assert refused.status_code == status, refused.text
    assert server.events_after(before) == []
    (line,) = [each for each in logged if each["event"] == "ui_error"]
    assert line["message"] == "no x of undefined"
    assert "a1B2" not in line["stack"]
