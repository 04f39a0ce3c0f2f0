"""Who may do what in a project, over HTTP."""

from typing import Any

import pytest

from flagkeeper.features.projects.model import Mode
from tests.people import Person, person
from tests.projects import add_project, set_mode_of
from tests.server import TestServer

ACCESS = "/api/admin/projects/default/access"
PROJECT = "/api/admin/projects/default"
OWNER, MEMBER, READER = 4, 5, 6


def group(server: TestServer, name: str, *users: Person) -> int:
    body = {"name": name, "users": [{"user": {"id": each.id}} for each in users]}
    return int(server.post("/api/admin/groups", json=body).json()["id"])


def set_roles(server: TestServer, kind: str, holder: int, *roles: int, token: str | None = None) -> int:
    place = f"{PROJECT}/{kind}/{holder}/roles"
    return int(server.put(place, json={"roles": list(roles)}, **({"token": token} if token else {})).status_code)


@pytest.mark.causes("project-access-added", action="POST /api/admin/projects/{projectId}/access")
def test_giving_access(server: TestServer) -> None:
    ada, eve = person(server, "ada", email="ada@example.com"), person(server, "eve")
    team = group(server, "team", eve)
    before = server.last_id()
    body = {"roles": [MEMBER, READER], "users": [ada.id], "groups": [team]}
    assert server.post(ACCESS, json=body).status_code == 200
    (event,) = server.events_after(before)
    assert (event["type"], event["project"], event["preData"]) == ("project-access-added", "default", None)
    assert event["data"] == {
        "roles": [{"roleId": each, "groupIds": [team], "userIds": [ada.id]} for each in (MEMBER, READER)]
    }
    found = server.get(ACCESS).json()
    (user,), (shown,) = found["users"], found["groups"]
    assert (user["id"], user["email"], user["roleId"], user["roles"]) == (ada.id, "ada@example.com", 5, [5, 6])
    assert (shown["id"], shown["name"], shown["roles"], shown["users"][0]["user"]["id"]) == (
        team,
        "team",
        [5, 6],
        eve.id,
    )
    assert [role["id"] for role in found["roles"]] == [OWNER, MEMBER, READER]
    assert server.post(ACCESS, json=body).status_code == 200
    assert len(server.events_after(before)) == 1, "nothing changed the second time"
    assert server.get("/api/admin/groups").json()["groups"][0]["projects"] == ["default"]


@pytest.mark.causes("project-access-updated", action="PUT /api/admin/projects/{projectId}/access")
def test_replacing_all_access(server: TestServer) -> None:
    ada, eve = person(server, "ada"), person(server, "eve")
    team = group(server, "team", eve)
    set_roles(server, "users", ada.id, MEMBER)
    before = server.last_id()
    body = {"roles": [{"id": OWNER, "users": [eve.id], "groups": []}, {"id": MEMBER, "groups": [team]}]}
    assert server.put(ACCESS, json=body).status_code == 200
    (event,) = server.events_after(before)
    assert event["type"] == "project-access-updated"
    assert event["preData"] == {"roles": [{"id": MEMBER, "users": [{"id": ada.id}], "groups": []}]}
    assert event["data"]["roles"] == [
        {"id": OWNER, "users": [{"id": eve.id}], "groups": []},
        {"id": MEMBER, "users": [], "groups": [{"id": team}]},
    ]
    assert [each["id"] for each in server.get(ACCESS).json()["users"]] == [eve.id]


@pytest.mark.causes(
    "project-access-user-roles-updated", action="PUT /api/admin/projects/{projectId}/users/{userId}/roles"
)
@pytest.mark.causes(
    "project-access-user-roles-deleted", action="DELETE /api/admin/projects/{projectId}/users/{userId}/roles"
)
@pytest.mark.causes(
    "project-access-group-roles-updated", action="PUT /api/admin/projects/{projectId}/groups/{groupId}/roles"
)
@pytest.mark.causes(
    "project-access-group-roles-deleted", action="DELETE /api/admin/projects/{projectId}/groups/{groupId}/roles"
)
def test_roles_of_one_user_and_one_group(server: TestServer) -> None:
    ada = person(server, "ada")
    team = group(server, "team", ada)
    for kind, holder in (("user", ada.id), ("group", team)):
        before = server.last_id()
        assert set_roles(server, f"{kind}s", holder, MEMBER) == 200
        assert set_roles(server, f"{kind}s", holder, READER, READER) == 200
        assert set_roles(server, f"{kind}s", holder, READER) == 200
        assert server.delete(f"{PROJECT}/{kind}s/{holder}/roles").status_code == 200
        assert server.delete(f"{PROJECT}/{kind}s/{holder}/roles").status_code == 200
        found = [(each["type"], each["preData"], each["data"]) for each in server.events_after(before)]
        of = {f"{kind}Id": holder}
        assert found == [
            (f"project-access-{kind}-roles-updated", {"roles": [], **of}, {"roles": [MEMBER], **of}),
            (f"project-access-{kind}-roles-updated", {"roles": [MEMBER], **of}, {"roles": [READER], **of}),
            (f"project-access-{kind}-roles-deleted", {"roles": [READER], **of}, None),
        ]
        assert set_roles(server, f"{kind}s", 99, MEMBER) == 404


@pytest.mark.causes("project-access-group-roles-deleted", action="DELETE /api/admin/groups/{groupId}")
def test_a_group_that_is_deleted_has_no_roles_any_more(server: TestServer) -> None:
    team = group(server, "team")
    set_roles(server, "groups", team, MEMBER)
    before = server.last_id()
    server.delete(f"/api/admin/groups/{team}")
    first, second = server.events_after(before)
    assert (first["type"], first["preData"]["roles"]) == ("project-access-group-roles-deleted", [MEMBER])
    assert second["type"] == "group-deleted"


@pytest.mark.parametrize(
    "body",
    [
        {"roles": [1], "users": [1], "groups": []},
        {"roles": [99], "users": [1], "groups": []},
        {"roles": [MEMBER], "users": [99], "groups": []},
        {"roles": [MEMBER], "users": [], "groups": [99]},
        {"roles": [MEMBER], "users": [1]},
    ],
)
def test_access_that_cannot_be(server: TestServer, body: dict[str, Any]) -> None:
    before = server.last_id()
    assert server.post(ACCESS, json=body).status_code == 400
    assert server.events_after(before) == []
    assert server.post(ACCESS.replace("default", "none"), json=body).status_code in (400, 404)


def test_a_project_keeps_an_owner(server: TestServer) -> None:
    ada, eve = person(server, "ada"), person(server, "eve")
    team = group(server, "team", eve)
    set_roles(server, "users", ada.id, OWNER)
    before = server.last_id()
    assert set_roles(server, "users", ada.id, MEMBER) == 409
    answer = server.delete(f"{PROJECT}/users/{ada.id}/roles")
    assert (answer.status_code, answer.json()["name"]) == (409, "ProjectWithoutOwnerError")
    assert server.put(ACCESS, json={"roles": []}).status_code == 409
    assert server.events_after(before) == []
    assert set_roles(server, "groups", team, OWNER) == 200
    assert set_roles(server, "users", ada.id, MEMBER) == 200
    assert set_roles(server, "groups", team) == 409


def test_who_may_give_roles(server: TestServer) -> None:
    boss, lead, editor, vi, ada = (
        person(server, "boss"),
        person(server, "lead"),
        person(server, "ed", "Editor"),
        person(server, "vi"),
        person(server, "ada"),
    )
    giver = server.post(
        "/api/admin/roles",
        json={
            "name": "Giver",
            "permissions": [{"name": "PROJECT_USER_ACCESS_WRITE"}, {"name": "UPDATE_FEATURE"}],
        },
    ).json()["roles"]["id"]
    set_roles(server, "users", boss.id, OWNER)
    set_roles(server, "users", lead.id, giver)

    def may(who: Person, *roles: int) -> int:
        status = set_roles(server, "users", ada.id, *roles, token=who.token)
        server.delete(f"{PROJECT}/users/{ada.id}/roles")
        return status

    assert [may(boss, role) for role in (OWNER, MEMBER, READER, giver)] == [200, 200, 200, 200]
    assert [may(lead, role) for role in (OWNER, MEMBER, READER, giver)] == [403, 403, 200, 200]
    assert [may(editor, role) for role in (OWNER, MEMBER, READER, giver)] == [403, 200, 200, 403]
    assert [may(vi, role) for role in (OWNER, MEMBER, READER, giver)] == [403, 403, 403, 403]
    assert set_roles(server, "users", boss.id, MEMBER, token=lead.token) == 403, "nor take a role that he may not give"
    set_mode_of(server, "default", Mode.PROTECTED)
    assert may(editor, READER) == 403


def test_where_a_role_is_given(server: TestServer) -> None:
    vi, eve = person(server, "vi"), person(server, "eve")
    team = group(server, "team", eve)
    add_project(server, "hush")
    set_roles(server, "users", vi.id, MEMBER)
    set_roles(server, "groups", team, MEMBER)
    assert server.put("/api/admin/projects/hush/users/1/roles", json={"roles": [MEMBER]}).status_code == 200
    set_mode_of(server, "hush", Mode.PRIVATE)
    here = {"project": "default", "role": MEMBER, "userCount": 1, "groupCount": 1}
    there = {"project": "hush", "role": MEMBER, "userCount": 1, "groupCount": 0}
    place = f"/api/admin/projects/roles/{MEMBER}/access"
    assert server.get(place).json() == {"projects": [here, there]}
    assert server.get(place, token=vi.token).json() == {"projects": [here]}
    assert server.get("/api/admin/projects/roles/99/access").status_code == 404


def test_leaving_a_group_counts_at_once(server: TestServer) -> None:
    ada = person(server, "ada")
    team = group(server, "team", ada)
    set_mode_of(server, "default", Mode.PRIVATE)
    flags = f"{PROJECT}/features"

    def status() -> tuple[int, int]:
        made = server.post(flags, json={"name": f"f{server.last_id()}"}, token=ada.token).status_code
        return server.get(flags, token=ada.token).status_code, made

    assert status() == (404, 404)
    set_roles(server, "groups", team, MEMBER)
    assert status() == (200, 201)
    assert server.put(f"/api/admin/groups/{team}", json={"name": "team", "users": []}).status_code == 200
    assert status() == (404, 404)
