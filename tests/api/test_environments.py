"""Environments over HTTP."""

from typing import Any

import pytest

from flagkeeper.kernel.limits import Limits
from tests.people import person
from tests.server import BACKEND, Host, TestServer, settings_for

ENVIRONMENTS = "/api/admin/environments"
FOUND = {
    "name": "development",
    "type": "development",
    "sortOrder": 100,
    "enabled": True,
    "protected": False,
    "requiredApprovals": None,
}

COUNTS = {"projectCount": 1, "apiTokenCount": 2, "enabledToggleCount": 0}


def test_all_environments_with_what_is_in_them(server: TestServer) -> None:
    answer = server.get("/api/admin/environments")
    assert answer.status_code == 200
    development, production = answer.json()["environments"]
    assert answer.json()["version"] == 1
    assert development == {**FOUND, **COUNTS}
    assert (production["name"], production["type"], production["apiTokenCount"]) == ("production", "production", 0)


def test_enabled_flags_are_counted(server: TestServer) -> None:
    server.post("/api/admin/projects/default/features", json={"name": "checkout"})
    server.post("/api/admin/projects/default/features/checkout/environments/development/on")
    development, production = server.get("/api/admin/environments").json()["environments"]
    assert (development["enabledToggleCount"], production["enabledToggleCount"]) == (1, 0)


def test_one_environment(server: TestServer) -> None:
    assert server.get("/api/admin/environments/development").json() == {**FOUND, **COUNTS}
    missing = server.get("/api/admin/environments/nowhere")
    assert (missing.status_code, missing.json()["name"]) == (404, "NotFoundError")


@pytest.mark.causes("environment-updated", action="POST /api/admin/environments/{name}/off")
@pytest.mark.causes("environment-updated", action="POST /api/admin/environments/{name}/on")
def test_off_and_on(server: TestServer) -> None:
    before = server.last_id()
    for _ in range(2):
        assert server.post("/api/admin/environments/production/off").status_code == 204
    assert not server.get("/api/admin/environments/production").json()["enabled"]
    assert server.post("/api/admin/environments/production/on").status_code == 204

    off, on = server.events_after(before)
    for event, enabled in ((off, False), (on, True)):
        assert (event["type"], event["environment"], event["project"]) == ("environment-updated", "production", None)
        assert (event["preData"]["enabled"], event["data"]["enabled"]) == (not enabled, enabled)
        assert f"turned environment **production** {'on' if enabled else 'off'}" in event["summary"]
    assert server.post("/api/admin/environments/nowhere/off").status_code == 404


@pytest.mark.causes("environment-updated", action="PUT /api/admin/environments/sort-order")
def test_a_new_order(server: TestServer) -> None:
    before = server.last_id()
    answer = server.put("/api/admin/environments/sort-order", json={"development": 2, "production": 1})
    assert answer.status_code == 200
    names = [each["name"] for each in server.get("/api/admin/environments").json()["environments"]]
    assert names == ["production", "development"]
    found = {event["environment"]: event["data"]["sortOrder"] for event in server.events_after(before)}
    assert found == {"development": 2, "production": 1}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"nowhere": 1}, 404),
        ({"production": "first"}, 400),
        ({"production": -1}, 400),
        ({"production": 2**31}, 400),
        ([1], 400),
    ],
)
def test_an_impossible_order_changes_nothing(server: TestServer, body: object, status: int) -> None:
    before = server.last_id()
    answer = server.put("/api/admin/environments/sort-order", json=body)
    assert answer.status_code == status
    assert {"id", "name", "message", "details"} <= answer.json().keys()
    assert server.last_id() == before


@pytest.mark.parametrize(
    ("name", "status"), [("staging", 200), ("production", 409), ("a b", 400), ("..", 400), ("", 400)]
)
def test_names_are_checked(server: TestServer, name: str, status: int) -> None:
    assert server.post("/api/admin/environments/validate", json={"name": name}).status_code == status


def test_environments_as_a_project_sees_them(server: TestServer) -> None:
    server.post("/api/admin/projects/default/features", json={"name": "checkout"})
    server.post("/api/admin/projects/default/features/checkout/environments/development/on")
    server.delete("/api/admin/projects/default/environments/production")
    answer = server.get("/api/admin/environments/project/default")
    assert answer.status_code == 200
    development, production = answer.json()["environments"]
    assert development == {
        **FOUND,
        "projectApiTokenCount": 2,
        "projectEnabledToggleCount": 1,
        "visible": True,
    }
    assert (production["name"], production["visible"]) == ("production", False)
    assert server.get("/api/admin/environments/project/nobody").status_code == 404


def test_only_people_who_may_are_let_in(server: TestServer) -> None:
    viewer, editor = person(server, "viewer").token, person(server, "editor", "Editor").token
    before = server.last_id()
    for method, path, body in (
        ("POST", "/api/admin/environments/production/off", None),
        ("POST", "/api/admin/environments/production/on", None),
        ("PUT", "/api/admin/environments/sort-order", {"production": 1}),
    ):
        more: dict[str, Any] = {} if body is None else {"json": body}
        for token in (viewer, editor, BACKEND):
            assert server.request(method, path, token=token, **more).status_code == 403
        assert server.request(method, path, token=None, **more).status_code == 401
    assert server.events_after(before) == []
    assert server.get("/api/admin/environments", token=viewer).status_code == 200
    assert server.get("/api/admin/environments", token=None).status_code == 401


@pytest.mark.causes("environment-created", action="POST /api/admin/environments")
@pytest.mark.causes("environment-updated", action="PUT /api/admin/environments/update/{name}")
@pytest.mark.causes("environment-deleted", action="DELETE /api/admin/environments/{name}")
def test_an_environment_comes_and_goes(host: Host, database_url: str) -> None:
    with TestServer(host, settings_for(database_url, limits=Limits(environments=4))) as server:
        before = server.last_id()
        staging = {"name": "staging", "type": "test"}
        made = server.post(ENVIRONMENTS, json=staging)
        assert (made.status_code, made.headers["location"]) == (201, "environments/staging")
        shown = {**staging, "sortOrder": 201, "enabled": True, "protected": False, "requiredApprovals": None}
        nothing = dict.fromkeys(COUNTS, 0)
        assert made.json() == {**shown, **nothing}
        for _ in range(2):
            changed = server.put(f"{ENVIRONMENTS}/update/staging", json={"type": "production", "requiredApprovals": 2})
            assert changed.json() == {**shown, **nothing, "type": "production", "requiredApprovals": 2}
        for body, status in (
            (staging, 409),
            ({**staging, "name": "a b"}, 400),
            ({**staging, "name": "qa", "type": " "}, 400),
            ({**staging, "name": "qa", "sortOrder": -1}, 400),
            ({**staging, "name": "qa", "requiredApprovals": 0}, 400),
            ({"name": "qa"}, 400),
        ):
            assert server.post(ENVIRONMENTS, json=body).status_code == status
        assert server.put(f"{ENVIRONMENTS}/update/nowhere", json={}).status_code == 404
        assert server.put(f"{ENVIRONMENTS}/update/staging", json={"requiredApprovals": 0}).status_code == 400
        projects = "/api/admin/projects/default/environments"
        assert server.post(projects, json={"environment": "staging"}).status_code == 200
        refused = server.delete(f"{ENVIRONMENTS}/staging")
        assert (refused.status_code, refused.json()["name"]) == (409, "ConflictError")
        assert server.delete(f"{projects}/staging").status_code == 200
        token = {"tokenName": "x", "type": "client", "environment": "staging"}
        secret = server.post("/api/admin/api-tokens", json=token).json()["secret"]
        assert server.delete(f"{ENVIRONMENTS}/staging").status_code == 409
        server.delete(f"/api/admin/api-tokens/{secret}")
        assert server.delete(f"{ENVIRONMENTS}/staging").status_code == 200
        assert server.delete(f"{ENVIRONMENTS}/staging").status_code == 404
        kinds = [event["type"] for event in server.events_after(before) if event["type"].startswith("environment-")]
        assert kinds == ["environment-created", "environment-updated", "environment-deleted"]
        for name, status in (("a", 201), ("b", 201), ("c", 400)):
            assert server.post(ENVIRONMENTS, json={"name": name, "type": "test"}).status_code == status
        assert server.post(ENVIRONMENTS, json=staging, token=person(server, "ed", "Editor").token).status_code == 403
