"""Roles that are made here, over HTTP, and what they open."""

from typing import Any

import pytest

from tests.people import person
from tests.server import TestServer

ROLES = "/api/admin/roles"
SEGMENTS = "/api/admin/segments"
FLAGS = "/api/admin/projects/default/features"


def make(server: TestServer, name: str, *permissions: str | dict[str, Any], **more: Any) -> int:
    wanted = [{"name": each} if isinstance(each, str) else each for each in permissions]
    answer = server.post(ROLES, json={"name": name, "permissions": wanted, **more})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["roles"]["id"])


@pytest.mark.causes("role-created", action="POST /api/admin/roles")
def test_making_a_role(server: TestServer) -> None:
    before = server.last_id()
    production = {"name": "UPDATE_FEATURE_ENVIRONMENT", "environment": "production"}
    body = {"name": "Switcher", "description": "Switches", "permissions": [production, {"name": "UPDATE_FEATURE"}]}
    answer = server.post(ROLES, json=body)
    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    made = answer.json()["roles"]
    assert made == {"id": 101, "name": "Switcher", "type": "custom", "description": "Switches"}
    (event,) = server.events_after(before)
    assert (event["type"], event["preData"]) == ("role-created", None)
    assert event["data"] == {**made, "permissions": [{"name": "UPDATE_FEATURE"}, production]}
    shown = server.get(f"{ROLES}/101").json()
    assert [(each["name"], each.get("environment")) for each in shown["permissions"]] == [
        ("UPDATE_FEATURE", None),
        ("UPDATE_FEATURE_ENVIRONMENT", "production"),
    ]
    by_number = [{"id": each["id"], "environment": each.get("environment")} for each in shown["permissions"]]
    other = make(server, "By number", *by_number)
    assert server.get(f"{ROLES}/{other}").json()["permissions"] == shown["permissions"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": ""}, 400),
        ({"name": "x" * 256}, 400),
        ({"name": "Owner"}, 409),
        ({"name": "Taken"}, 409),
        ({"name": "x", "type": "root"}, 400),
        ({"name": "x", "permissions": [{"name": "NOTHING"}]}, 400),
        ({"name": "x", "permissions": [{}]}, 400),
        ({"name": "x", "permissions": [{"name": "CREATE_SEGMENT"}]}, 400),
        ({"name": "x", "type": "root-custom", "permissions": [{"name": "ADMIN"}]}, 400),
        ({"name": "x", "permissions": [{"name": "UPDATE_FEATURE", "environment": "production"}]}, 400),
        ({"name": "x", "permissions": [{"name": "UPDATE_FEATURE_ENVIRONMENT", "environment": "moon"}]}, 400),
    ],
)
def test_roles_that_cannot_be(server: TestServer, body: dict[str, Any], status: int) -> None:
    make(server, "Taken")
    other = make(server, "Other")
    before = server.last_id()
    assert server.post(ROLES, json=body).status_code == status
    assert server.post(f"{ROLES}/validate", json=body).status_code == status
    assert server.put(f"{ROLES}/{other}", json=body).status_code == status
    assert server.events_after(before) == []


def test_a_role_that_could_be_made(server: TestServer) -> None:
    before = server.last_id()
    assert server.post(f"{ROLES}/validate", json={"name": "x", "permissions": []}).status_code == 200
    assert server.events_after(before) == []


@pytest.mark.causes("role-updated", action="PUT /api/admin/roles/{roleId}")
def test_a_role_that_changes_counts_at_once(server: TestServer) -> None:
    ada = person(server, "ada")
    role = make(server, "Segmenter", type="root-custom")
    assert server.put(f"/api/admin/user-admin/{ada.id}", json={"rootRole": role}).status_code == 200
    assert server.post(SEGMENTS, json={"name": "a", "constraints": []}, token=ada.token).status_code == 403
    before = server.last_id()
    body = {"name": "Segmenter", "type": "root-custom", "permissions": [{"name": "CREATE_SEGMENT"}]}
    assert server.put(f"{ROLES}/{role}", json=body).status_code == 200
    (event,) = server.events_after(before)
    assert (event["type"], event["preData"]["permissions"]) == ("role-updated", [])
    assert event["data"]["permissions"] == [{"name": "CREATE_SEGMENT"}]
    assert server.post(SEGMENTS, json={"name": "a", "constraints": []}, token=ada.token).status_code == 201
    assert server.put(f"{ROLES}/{role}", json={**body, "permissions": []}).status_code == 200
    assert server.post(SEGMENTS, json={"name": "b", "constraints": []}, token=ada.token).status_code == 403
    assert server.put(f"{ROLES}/{role}", json={**body, "type": "custom"}).status_code == 400
    assert server.get("/api/admin/user-admin").json()["rootRoles"][-1]["id"] == role


@pytest.mark.causes("role-deleted", action="DELETE /api/admin/roles/{roleId}")
def test_a_role_is_deleted_when_nobody_has_it(server: TestServer) -> None:
    ada = person(server, "ada")
    root, inside = make(server, "Root", type="root-custom"), make(server, "Inside")
    group = server.post("/api/admin/groups", json={"name": "team", "rootRole": root}).json()["id"]
    server.put(f"/api/admin/user-admin/{ada.id}", json={"rootRole": root})
    place = f"/api/admin/projects/default/users/{ada.id}/roles"
    assert server.put(place, json={"roles": [inside]}).status_code == 200
    before = server.last_id()
    for role in (root, inside):
        answer = server.delete(f"{ROLES}/{role}")
        assert (answer.status_code, answer.json()["name"]) == (400, "RoleInUseError")
    assert server.events_after(before) == []
    server.put(f"/api/admin/user-admin/{ada.id}", json={"rootRole": 3})
    assert server.delete(f"{ROLES}/{root}").status_code == 400, "the group has it"
    server.delete(f"/api/admin/groups/{group}")
    server.delete(place)
    before = server.last_id()
    for role in (root, inside):
        assert server.delete(f"{ROLES}/{role}").status_code == 200
        assert server.get(f"{ROLES}/{role}").status_code == 404
    first, _ = server.events_after(before)
    assert (first["type"], first["data"], first["preData"]["name"]) == ("role-deleted", None, "Root")
    assert make(server, "Next") == inside + 1, "an id is never given twice"


def test_predefined_roles_stay(server: TestServer) -> None:
    for role in range(1, 7):
        assert server.put(f"{ROLES}/{role}", json={"name": "x"}).status_code == 403
        assert server.delete(f"{ROLES}/{role}").status_code == 403
    assert server.delete(f"{ROLES}/99").status_code == 404


def test_a_role_for_one_environment(server: TestServer) -> None:
    ada = person(server, "ada")
    role = make(server, "Switcher", {"name": "UPDATE_FEATURE_ENVIRONMENT", "environment": "development"})
    server.post(FLAGS, json={"name": "f"})
    server.put(f"/api/admin/projects/default/users/{ada.id}/roles", json={"roles": [role]})

    def switch(environment: str) -> int:
        return server.post(f"{FLAGS}/f/environments/{environment}/off", token=ada.token).status_code

    assert (switch("development"), switch("production")) == (200, 403)
    body = {"name": "Switcher", "permissions": [{"name": "UPDATE_FEATURE_ENVIRONMENT"}]}
    assert server.put(f"{ROLES}/{role}", json=body).status_code == 200
    assert (switch("development"), switch("production")) == (200, 200)
