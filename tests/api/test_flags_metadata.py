"""Flags over HTTP: created, read, changed and copied."""

from typing import Any

import pytest

from tests.people import person
from tests.server import BACKEND, TestServer

FLAGS = "/api/admin/projects/default/features"
FLAG = f"{FLAGS}/checkout"
DOCUMENTED = {
    "name", "description", "type", "project", "stale", "createdAt", "lastSeenAt", "impressionData", "archived",
    "archivedAt", "variants",
}  # fmt: skip
"""The keys that the documents show for a flag in an event."""


@pytest.fixture
def flag(server: TestServer) -> dict[str, Any]:
    answer = server.post(FLAGS, json={"name": "checkout", "description": "d"})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.causes("feature-created", action="POST /api/admin/projects/{projectId}/features")
@pytest.mark.causes("tag-created", action="POST /api/admin/projects/{projectId}/features")
def test_a_new_flag(server: TestServer) -> None:
    before = server.last_id()
    body = {
        "name": "checkout",
        "type": "kill-switch",
        "impressionData": True,
        "tags": [{"type": "simple", "value": "core"}],
    }
    answer = server.post(FLAGS, json=body)
    assert answer.status_code == 201
    assert answer.json() == {
        "name": "checkout",
        "description": None,
        "type": "kill-switch",
        "project": "default",
        "stale": False,
        "createdAt": answer.json()["createdAt"],
        "impressionData": True,
        "archived": False,
    }
    tagged, created = server.events_after(before)
    assert (tagged["type"], tagged["featureName"], tagged["project"]) == ("tag-created", "checkout", None)
    assert (created["type"], created["label"], created["preData"]) == ("feature-created", "Flag created", None)
    assert created["summary"].startswith("**admin** created ")
    assert (created["featureName"], created["project"], created["environment"]) == ("checkout", "default", None)
    assert set(created["data"]) == DOCUMENTED
    assert created["data"].items() >= {**answer.json(), "variants": [], "lastSeenAt": None, "archivedAt": None}.items()
    assert created["tags"] == [{"type": "simple", "value": "core", "color": "#FFFFFF"}]


def test_a_flag_with_everything(server: TestServer, flag: dict[str, Any]) -> None:
    server.post("/api/admin/features/checkout/tags", json={"type": "simple", "value": "core"})
    server.post(f"{FLAG}/environments/production/on")
    found = server.get(FLAG).json()
    assert found.items() >= flag.items()
    assert found["createdBy"]["name"] == "admin"
    assert found["tags"] == [{"type": "simple", "value": "core", "color": "#FFFFFF"}]
    assert [(each["name"], each["type"], each["enabled"]) for each in found["environments"]] == [
        ("development", "development", False),
        ("production", "production", True),
    ]
    assert found["environments"][1]["strategies"][0]["name"] == "flexibleRollout"
    assert found["environments"][0]["lastSeenAt"] is None


def test_the_flags_of_a_project(server: TestServer, flag: dict[str, Any]) -> None:
    server.post(FLAGS, json={"name": "banner", "tags": [{"type": "simple", "value": "core"}]})
    server.post(FLAGS, json={"name": "archived"})
    server.delete(f"{FLAGS}/archived")
    server.post(f"{FLAG}/environments/development/on")
    found = server.get(FLAGS).json()
    assert found["version"] == 2
    assert [each["name"] for each in found["features"]] == ["banner", "checkout"]
    banner, checkout = found["features"]
    assert banner["tags"] == [{"type": "simple", "value": "core", "color": "#FFFFFF"}]
    assert (checkout["favorite"], checkout["stale"], checkout["description"]) == (False, False, "d")
    development = {
        "name": "development",
        "enabled": True,
        "variantCount": 0,
        "hasStrategies": True,
        "hasEnabledStrategies": True,
        "lastSeenAt": None,
    }
    assert checkout["environments"][0].items() >= development.items()
    assert (banner["environments"][1]["hasStrategies"], banner["environments"][1]["enabled"]) == (False, False)
    assert server.get("/api/admin/projects/nowhere/features").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "name", "path"),
    [
        ({}, 400, "BadDataError", "/body/name"),
        ({"name": "a/b"}, 400, "BadDataError", "/body/name"),
        ({"name": ".."}, 400, "BadDataError", "/body/name"),
        ({"name": "x" * 101}, 400, "BadDataError", "/body/name"),
        ({"name": "new", "type": "nope"}, 400, "BadDataError", "/body/type"),
        ({"name": "new", "description": [7]}, 400, "BadDataError", "/body/description"),
        ({"name": "new", "tags": [{"type": "nope", "value": "core"}]}, 400, "BadDataError", "/body/tags/0/type"),
        ({"name": "checkout"}, 409, "NameExistsError", None),
        ([], 400, "BadDataError", "/body"),
    ],
)
def test_a_flag_that_cannot_be_made(
    server: TestServer, flag: dict[str, Any], body: Any, status: int, name: str, path: str | None
) -> None:
    before = server.last_id()
    answer = server.post(FLAGS, json=body)
    assert (answer.status_code, answer.json()["name"]) == (status, name)
    assert path is None or path in [detail.get("path") for detail in answer.json()["details"]]
    assert server.events_after(before) == []
    assert [each["name"] for each in server.get(FLAGS).json()["features"]] == ["checkout"]


def test_names_are_checked(server: TestServer, flag: dict[str, Any]) -> None:
    def status(**body: str) -> int:
        return server.post("/api/admin/features/validate", json=body).status_code

    assert status(name="new") == 200
    assert status(name="new", projectId="default") == 200
    assert status(name="new", projectId="nowhere") == 404
    assert status(name="checkout") == 409
    assert (status(name=".."), status(name="a b"), status()) == (400, 400, 400)


@pytest.mark.causes("feature-metadata-updated", action="PUT /api/admin/projects/{projectId}/features/{featureName}")
def test_changed_details(server: TestServer, flag: dict[str, Any]) -> None:
    before = server.last_id()
    body = {"description": "d2", "type": "experiment", "stale": True, "impressionData": True, "archived": True}
    changed = {**flag, **body, "archived": False}
    for _ in range(2):
        answer = server.put(FLAG, json=body)
        assert (answer.status_code, answer.json()) == (200, changed)
    (event,) = server.events_after(before)
    assert event["type"] == "feature-metadata-updated"
    assert set(event["data"]) == set(event["preData"]) == DOCUMENTED
    assert event["preData"].items() >= flag.items()
    assert event["data"].items() >= changed.items()
    assert server.put(FLAG, json={"description": None}).json()["description"] is None


@pytest.mark.causes(
    "feature-metadata-updated", "feature-stale-on", "feature-stale-off",
    action="PATCH /api/admin/projects/{projectId}/features/{featureName}",
)  # fmt: skip
def test_patched_details(server: TestServer, flag: dict[str, Any]) -> None:
    before = server.last_id()
    for stale in (True, False):
        answer = server.patch(FLAG, json=[{"op": "replace", "path": "/stale", "value": stale}])
        assert (answer.status_code, answer.json()) == (200, {**flag, "stale": stale})
    assert server.patch(FLAG, json=[{"op": "replace", "path": "/nope", "value": 1}]).json() == flag
    found = server.events_after(before)
    assert [each["type"] for each in found] == [
        "feature-metadata-updated",
        "feature-stale-on",
        "feature-metadata-updated",
        "feature-stale-off",
    ]
    assert all((each["data"], each["preData"]) == (None, None) for each in found[1::2])


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("PUT", {"type": "nope"}, 400),
        ("PUT", {"stale": "yes"}, 400),
        ("PATCH", [{"op": "replace", "path": "/type", "value": "nope"}], 400),
        ("PATCH", [{"op": "replace", "path": "/stale", "value": "yes"}], 400),
        ("PATCH", [{"op": "leap", "path": "/stale"}], 400),
        ("PATCH", [{"op": "add", "path": "/variants/-", "value": {}}], 403),
        ("PATCH", {"stale": True}, 400),
    ],
)
def test_impossible_changes(server: TestServer, flag: dict[str, Any], method: str, body: Any, status: int) -> None:
    before = server.last_id()
    assert server.request(method, FLAG, json=body).status_code == status
    assert server.events_after(before) == []


@pytest.mark.causes(
    "feature-created",
    "feature-strategy-add",
    action="POST /api/admin/projects/{projectId}/features/{featureName}/clone",
)
def test_a_copy(server: TestServer, flag: dict[str, Any]) -> None:
    server.post(f"{FLAG}/environments/development/on")
    before = server.last_id()
    answer = server.post(f"{FLAG}/clone", json={"name": "copy"})
    assert answer.status_code == 201
    assert answer.json().items() >= {"name": "copy", "description": "d", "project": "default"}.items()
    created, added = server.events_after(before)
    assert [each["type"] for each in (created, added)] == ["feature-created", "feature-strategy-add"]
    assert created["groupId"] == added["groupId"]
    assert added["data"]["parameters"]["groupId"] == "copy"
    assert not server.get(f"{FLAGS}/copy/environments/development").json()["enabled"]
    server.post(f"{FLAG}/clone", json={"name": "second", "replaceGroupId": False})
    (strategy,) = server.get(f"{FLAGS}/second/environments/development/strategies").json()
    assert strategy["parameters"]["groupId"] == "checkout"
    assert server.post(f"{FLAG}/clone", json={"name": "copy"}).status_code == 409
    assert server.post(f"{FLAGS}/nobody/clone", json={"name": "new"}).status_code == 404


@pytest.mark.causes("feature-updated", action="PUT /api/admin/features/{featureName}")
def test_the_update_of_version_4(server: TestServer, flag: dict[str, Any]) -> None:
    before = server.last_id()
    body = {"name": "checkout", "description": "old way", "enabled": True, "strategies": [{"name": "default"}]}
    for _ in range(2):
        answer = server.put("/api/admin/features/checkout", json=body)
        assert (answer.status_code, answer.json()["description"]) == (200, "old way")
    (event,) = server.events_after(before)
    assert (event["type"], event["preData"], event["environment"]) == ("feature-updated", None, None)
    assert set(event["data"]) == DOCUMENTED
    for environment in ("development", "production"):
        found = server.get(f"{FLAG}/environments/{environment}").json()
        assert (found["enabled"], [each["name"] for each in found["strategies"]]) == (True, ["default"])
    assert server.put("/api/admin/features/nobody", json={}).status_code == 404


def test_what_is_not_there(server: TestServer, flag: dict[str, Any]) -> None:
    for path in (f"{FLAGS}/nobody", "/api/admin/projects/other/features/checkout"):
        assert server.get(path).status_code == 404
        assert server.put(path, json={}).status_code == 404
        assert server.patch(path, json=[]).status_code == 404
        assert server.delete(path).status_code == 404


def test_only_people_who_may_are_let_in(server: TestServer, flag: dict[str, Any]) -> None:
    viewer, editor = person(server, "viewer"), person(server, "editor", "Editor")
    before = server.last_id()
    body = {"name": "new"}
    for token, status in ((None, 401), (BACKEND, 403), (viewer.token, 403)):
        assert server.post(FLAGS, json=body, token=token).status_code == status
        assert server.put(FLAG, json={}, token=token).status_code == status
        assert server.patch(FLAG, json=[], token=token).status_code == status
        assert server.delete(FLAG, token=token).status_code == status
        assert server.post(f"{FLAG}/clone", json=body, token=token).status_code == status
        assert server.put("/api/admin/features/checkout", json={"enabled": True}, token=token).status_code == status
    assert server.events_after(before) == []
    assert server.get(FLAG, token=viewer.token).status_code == 200
    assert server.post(FLAGS, json=body, token=editor.token).status_code == 201
    assert server.events_after(before)[-1]["createdBy"] == "editor"
    assert server.put("/api/admin/features/checkout", json={"enabled": True}, token=editor.token).status_code == 200
