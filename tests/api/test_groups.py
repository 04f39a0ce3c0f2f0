"""Groups over HTTP."""

from typing import Any

import pytest

from flagkeeper.features.groups import commands
from flagkeeper.features.groups.model import GroupDraft
from tests.people import person
from tests.sdk import run
from tests.server import TestServer

GROUPS = "/api/admin/groups"


def make(server: TestServer, name: str = "team", users: tuple[int, ...] = (), **body: Any) -> dict[str, Any]:
    members = [{"user": {"id": each}} for each in users]
    answer = server.post(GROUPS, json={"name": name, "users": members, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.causes("group-created", action="POST /api/admin/groups")
def test_creating_a_group(server: TestServer) -> None:
    ada = person(server, "ada")
    before = server.last_id()
    body = {
        "name": "team",
        "description": "All of us",
        "mappingsSSO": ["all"],
        "rootRole": 2,
        "users": [{"user": {"id": ada.id}}, {"user": {"id": ada.id}}],
    }
    answer = server.post(GROUPS, json=body)
    assert (answer.status_code, answer.headers["location"]) == (201, "groups/1")
    made = answer.json()
    (member,) = made.pop("users")
    assert (member["user"]["id"], member["user"]["username"], member["createdBy"]) == (ada.id, "ada", "admin")
    assert {**made, "createdAt": ""} == {
        "id": 1,
        "name": "team",
        "description": "All of us",
        "mappingsSSO": ["all"],
        "rootRole": 2,
        "createdBy": "admin",
        "createdAt": "",
        "projects": [],
        "userCount": 1,
        "scimId": None,
    }
    (event,) = server.events_after(before)
    assert (event["type"], event["preData"], event["createdBy"]) == ("group-created", None, "admin")
    assert event["data"] == {
        "id": 1,
        "name": "team",
        "description": "All of us",
        "mappingsSSO": ["all"],
        "rootRole": 2,
        "users": [ada.id],
        "createdAt": made["createdAt"],
        "createdBy": "admin",
        "scimId": None,
    }
    assert server.get(f"{GROUPS}/1").json() == {**made, "users": [member]}
    assert server.get(GROUPS).json() == {"groups": [{**made, "users": [member]}]}


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        ({}, 400, "BadDataError"),
        ({"name": " "}, 400, "BadDataError"),
        ({"name": "a\nb"}, 400, "BadDataError"),
        ({"name": "x" * 251}, 400, "BadDataError"),
        ({"name": "b", "rootRole": 4}, 400, "BadDataError"),
        ({"name": "b", "rootRole": 99}, 400, "BadDataError"),
        ({"name": "b", "users": [{"user": {"id": 99}}]}, 400, "BadDataError"),
        ({"name": "b", "mappingsSSO": [""]}, 400, "BadDataError"),
        ({"name": "team"}, 409, "NameExistsError"),
    ],
)
def test_groups_that_cannot_be(server: TestServer, body: dict[str, Any], status: int, name: str) -> None:
    make(server)
    other = make(server, "other")
    before = server.last_id()
    answer = server.post(GROUPS, json=body)
    assert (answer.status_code, answer.json()["name"]) == (status, name)
    answer = server.put(f"{GROUPS}/{other['id']}", json=body)
    assert (answer.status_code, answer.json()["name"]) == (status, name)
    assert server.events_after(before) == []


@pytest.mark.causes("group-updated", action="PUT /api/admin/groups/{groupId}")
def test_replacing_a_group(server: TestServer) -> None:
    ada, eve = person(server, "ada"), person(server, "eve")
    made = make(server, users=(ada.id,), description="One", rootRole=3)
    before = server.last_id()
    body = {"name": "crew", "users": [{"user": {"id": each}} for each in (ada.id, eve.id)]}
    answer = server.put(f"{GROUPS}/{made['id']}", json=body)
    assert answer.status_code == 200, answer.text
    (event,) = server.events_after(before)
    assert event["type"] == "group-updated"
    assert event["preData"] == {
        "id": 1,
        "name": "team",
        "description": "One",
        "mappingsSSO": [],
        "rootRole": 3,
        "users": [ada.id],
        "createdAt": made["createdAt"],
        "createdBy": "admin",
        "scimId": None,
    }
    changed = {"name": "crew", "description": None, "rootRole": None, "users": [ada.id, eve.id]}
    assert event["data"] == {**event["preData"], **changed}
    shown = answer.json()
    assert shown["users"][0] == made["users"][0]
    assert (shown["userCount"], shown["users"][1]["user"]["username"]) == (2, "eve")

    assert server.put(f"{GROUPS}/{made['id']}", json=body).json() == shown
    assert len(server.events_after(before)) == 1, "nothing changed the second time"
    assert server.put(f"{GROUPS}/99", json=body).status_code == 404


@pytest.mark.causes("group-deleted", action="DELETE /api/admin/groups/{groupId}")
def test_deleting_a_group(server: TestServer) -> None:
    ada = person(server, "ada")
    made = make(server, users=(ada.id,))
    before = server.last_id()
    assert server.delete(f"{GROUPS}/{made['id']}").status_code == 200
    (event,) = server.events_after(before)
    assert (event["type"], event["data"], event["preData"]["users"]) == ("group-deleted", None, [ada.id])
    assert server.get(GROUPS).json() == {"groups": []}
    assert server.delete(f"{GROUPS}/{made['id']}").status_code == 404
    assert server.get(f"{GROUPS}/{made['id']}").status_code == 404
    assert make(server)["id"] == 2, "an id is never given twice"


@pytest.mark.causes("group-user-removed", action="DELETE /api/admin/user-admin/{id}")
def test_a_user_who_is_deleted_leaves_every_group(server: TestServer) -> None:
    ada, eve = person(server, "ada"), person(server, "eve")
    make(server, users=(ada.id, eve.id))
    make(server, "crew", users=(ada.id,))
    make(server, "others", users=(eve.id,))
    before = server.last_id()
    assert server.delete(f"/api/admin/user-admin/{ada.id}").status_code == 200
    left = [event["preData"] for event in server.events_after(before) if event["type"] == "group-user-removed"]
    assert left == [{"groupId": 1, "userId": ada.id}, {"groupId": 2, "userId": ada.id}]
    assert [each["userCount"] for each in server.get(GROUPS).json()["groups"]] == [1, 0, 1]


@pytest.mark.causes("scim-groups-deleted", action="DELETE /api/admin/groups/scim-groups")
def test_groups_of_an_identity_provider(server: TestServer) -> None:
    ada = person(server, "ada")
    make(server)
    run(server, commands.create, GroupDraft(name="theirs", users=[ada.id]), "scim-1")
    before = server.last_id()
    mine = {"name": "theirs", "users": [{"user": {"id": ada.id}}], "rootRole": 2}
    for kept in ({**mine, "name": "ours"}, {**mine, "users": []}):
        assert server.put(f"{GROUPS}/2", json=kept).status_code == 403
    assert server.events_after(before) == []
    assert server.put(f"{GROUPS}/2", json=mine).json()["rootRole"] == 2

    before = server.last_id()
    assert server.delete(f"{GROUPS}/scim-groups").status_code == 200
    assert [event["type"] for event in server.events_after(before)] == ["group-deleted", "scim-groups-deleted"]
    assert [each["name"] for each in server.get(GROUPS).json()["groups"]] == ["team"]
    assert server.delete(f"{GROUPS}/scim-groups").status_code == 200
    assert len(server.events_after(before)) == 2, "there was none any more"


def test_groups_are_for_administrators(server: TestServer) -> None:
    editor = person(server, "eddie", "Editor")
    headers = {"Authorization": editor.token}
    for method, path in [("GET", ""), ("POST", ""), ("GET", "/1"), ("PUT", "/1"), ("DELETE", "/1")]:
        answer = server.client.request(method, f"{GROUPS}{path}", headers=headers, json={"name": "x"})
        assert answer.status_code == 403, (method, path)
