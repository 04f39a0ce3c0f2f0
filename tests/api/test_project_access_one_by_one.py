"""Roles in a project that are given, exchanged and taken one by one, as older clients do."""

from typing import Any

import pytest

from flagkeeper.eventlog.versions import version_at
from flagkeeper.features.access.model import ProjectAccessState
from flagkeeper.features.projects.model import Mode
from tests.api.test_project_access import ACCESS, MEMBER, OWNER, PROJECT, READER, group, set_roles
from tests.people import person
from tests.projects import add_project, set_mode_of
from tests.server import TestServer

NAMES = {OWNER: "Owner", MEMBER: "Member", READER: "Reader"}
KINDS = ("users", "groups")


def ask(server: TestServer, method: str, kind: str, holder: int, role: int, **more: Any) -> int:
    return int(server.request(method, f"{PROJECT}/{kind}/{holder}/roles/{role}", **more).status_code)


def holder_of(server: TestServer, kind: str) -> int:
    ada = person(server, "ada", email="ada@example.com")
    return ada.id if kind == "users" else group(server, "team", ada)


def roles_of(server: TestServer, kind: str, holder: int) -> list[int]:
    return next((each["roles"] for each in server.get(ACCESS).json()[kind] if each["id"] == holder), [])


def told(server: TestServer, before: int) -> list[tuple[str, Any, Any]]:
    events = server.events_after(before)
    assert {each["project"] for each in events} <= {"default"}
    return [(each["type"], each["preData"], each["data"]) for each in events]


@pytest.mark.causes("project-user-added", action="POST /api/admin/projects/{projectId}/users/{userId}/roles/{roleId}")
@pytest.mark.causes(
    "project-user-role-changed", action="PUT /api/admin/projects/{projectId}/users/{userId}/roles/{roleId}"
)
@pytest.mark.causes(
    "project-user-removed", action="DELETE /api/admin/projects/{projectId}/users/{userId}/roles/{roleId}"
)
def test_roles_of_a_user(server: TestServer) -> None:
    ada = holder_of(server, "users")

    def shown(role: int) -> dict[str, Any]:
        return {"roleId": role, "userId": ada, "roleName": NAMES[role], "email": "ada@example.com"}

    before = server.last_id()
    for method, role, left in (("POST", MEMBER, [5]), ("PUT", READER, [6]), ("POST", OWNER, [4, 6])):
        for _ in range(2):
            assert ask(server, method, "users", ada, role) == 200
            assert roles_of(server, "users", ada) == left
    for _ in range(2):
        assert ask(server, "DELETE", "users", ada, READER) == 200
        assert roles_of(server, "users", ada) == [OWNER]
    assert told(server, before) == [
        ("project-user-added", None, shown(MEMBER)),
        ("project-user-role-changed", shown(MEMBER), shown(READER)),
        ("project-user-added", None, shown(OWNER)),
        ("project-user-removed", shown(READER), None),
    ]


@pytest.mark.causes(
    "project-group-added", action="POST /api/admin/projects/{projectId}/groups/{groupId}/roles/{roleId}"
)
@pytest.mark.causes(
    "project-group-role-changed", action="PUT /api/admin/projects/{projectId}/groups/{groupId}/roles/{roleId}"
)
@pytest.mark.causes(
    "project-group-removed", action="DELETE /api/admin/projects/{projectId}/groups/{groupId}/roles/{roleId}"
)
def test_roles_of_a_group(server: TestServer) -> None:
    team = holder_of(server, "groups")

    def shown(role: int) -> dict[str, Any]:
        return {"groupId": team, "projectId": "default", "roleName": NAMES[role]}

    def exchanged(role: int) -> dict[str, Any]:
        return {"userId": team, "groupId": team, "roleId": role, "roleName": NAMES[role]}

    before = server.last_id()
    for method, role, left in (("POST", MEMBER, [5]), ("PUT", READER, [6]), ("DELETE", READER, [])):
        for _ in range(2):
            assert ask(server, method, "groups", team, role) == 200
            assert roles_of(server, "groups", team) == left
    assert told(server, before) == [
        ("project-group-added", None, shown(MEMBER)),
        ("project-group-role-changed", exchanged(MEMBER), exchanged(READER)),
        ("project-group-removed", shown(READER), None),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_role_that_an_exchange_takes_is_told_of(server: TestServer, kind: str) -> None:
    holder, one = holder_of(server, kind), kind[:-1]
    set_roles(server, kind, holder, OWNER, MEMBER, READER)
    boss = person(server, "boss").id
    set_roles(server, "users", boss, OWNER)
    before = server.last_id()
    assert ask(server, "PUT", kind, holder, READER) == 200
    assert roles_of(server, kind, holder) == [READER]
    (taken, old, nothing), (changed, was, now) = told(server, before)
    assert (taken, changed, nothing) == (f"project-{one}-removed", f"project-{one}-role-changed", None)
    assert (old["roleName"], was["roleName"], now["roleName"]) == ("Member", "Owner", "Reader")
    first, last = server.events_after(before)
    assert first["groupId"] == last["groupId"], "one change"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_there_is_not_found(server: TestServer, kind: str) -> None:
    holder = holder_of(server, kind)
    before = server.last_id()
    for method in ("POST", "PUT", "DELETE"):
        assert ask(server, method, kind, 999, MEMBER) == 404, "nobody"
        assert ask(server, method, kind, holder, 999) == 404, "no role"
        assert ask(server, method, kind, holder, 1) == 404, "a role for the whole server"
        assert server.request(method, f"/api/admin/projects/none/{kind}/{holder}/roles/{MEMBER}").status_code == 404
    answer = server.put(f"{PROJECT}/{kind}/{holder}/roles/{MEMBER}")
    assert (answer.status_code, answer.json()["name"]) == (404, "NotFoundError")
    assert "has no role in the project" in answer.json()["message"]
    assert server.events_after(before) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_owner_stays(server: TestServer, kind: str) -> None:
    holder = holder_of(server, kind)
    assert ask(server, "POST", kind, holder, OWNER) == 200
    before = server.last_id()
    for method, role in (("DELETE", OWNER), ("PUT", MEMBER)):
        answer = server.request(method, f"{PROJECT}/{kind}/{holder}/roles/{role}")
        assert (answer.status_code, answer.json()["name"]) == (409, "ProjectWithoutOwnerError")
    assert (server.events_after(before), roles_of(server, kind, holder)) == ([], [OWNER])


@pytest.mark.parametrize("kind", KINDS)
def test_roles_that_one_may_give(server: TestServer, kind: str) -> None:
    holder, editor, vi = holder_of(server, kind), person(server, "ed", "Editor"), person(server, "vi")

    def may(token: str) -> list[int]:
        return [ask(server, method, kind, holder, MEMBER, token=token) for method in ("POST", "PUT", "DELETE")]

    before = server.last_id()
    assert may(vi.token) == [403, 403, 403]
    assert ask(server, "POST", kind, holder, OWNER, token=editor.token) == 403
    assert server.events_after(before) == []
    set_roles(server, kind, holder, READER)
    assert may(editor.token) == [200, 200, 200]
    set_roles(server, kind, holder, OWNER)
    assert may(editor.token) == [200, 403, 200], "an owner's role is not his to take"
    set_mode_of(server, "default", Mode.PRIVATE)
    assert may(vi.token) == [404, 404, 404]


def test_a_role_counts_at_once_and_is_in_the_version(server: TestServer) -> None:
    ada = person(server, "ada")
    add_project(server, "hush")
    set_mode_of(server, "hush", Mode.PRIVATE)
    place = f"/api/admin/projects/hush/users/{ada.id}/roles/{READER}"

    def sees() -> int:
        return int(server.get("/api/admin/projects/hush/features", token=ada.token).status_code)

    assert sees() == 404
    assert server.post(place).status_code == 200
    assert sees() == 200
    assert server.delete(place).status_code == 200
    assert sees() == 404


@pytest.mark.parametrize("kind", KINDS)
def test_each_event_has_the_version_after_it(server: TestServer, kind: str) -> None:
    holder = holder_of(server, kind)
    set_roles(server, kind, holder, MEMBER, READER)
    boss = person(server, "boss").id
    set_roles(server, "users", boss, OWNER)
    before = server.last_id()
    ask(server, "POST", kind, holder, OWNER)
    ask(server, "PUT", kind, holder, OWNER)
    ask(server, "DELETE", kind, holder, OWNER)
    found = []
    for event in server.events_after(before):
        version = server.services.reader.now(version_at, "project-access/default", event["id"])
        state = ProjectAccessState.unpack(version.schema, version.state) if version else None
        assert state
        users = [each.role_id for each in state.members if each.user_id == holder]
        found.append(users if kind == "users" else [each.role_id for each in state.groups if each.group_id == holder])
    assert found == [[4, 5, 6], [4, 5], [4], []]


def test_who_has_no_address_is_told_of_without_one(server: TestServer) -> None:
    body = {"username": "robot", "name": "robot", "rootRole": 3}
    robot = server.post("/api/admin/service-account", json=body).json()["id"]
    before = server.last_id()
    assert ask(server, "POST", "users", robot, MEMBER) == 200
    ((_, _, data),) = told(server, before)
    assert data == {"roleId": MEMBER, "userId": robot, "roleName": "Member", "email": None}
    (event,) = server.events_after(before)
    assert event["summary"].endswith(f" to user **{robot}**")
