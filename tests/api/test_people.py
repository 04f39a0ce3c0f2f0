"""To what people belong, and what they may do, over HTTP."""

import csv
import io
from typing import Any

import pytest

from flagkeeper.features.access.model import LEVELS, MEMBER, OWNER, Level
from flagkeeper.features.projects.model import Mode
from tests.people import Person, browser, person
from tests.projects import add_project, set_mode_of
from tests.server import TestServer

USERS = "/api/admin/user-admin"
OVERVIEW = "/api/admin/access/overview"


def group(server: TestServer, name: str, *users: Person, role: int | None = None) -> int:
    body = {"name": name, "rootRole": role, "users": [{"user": {"id": each.id}} for each in users]}
    answer = server.post("/api/admin/groups", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def give(server: TestServer, project: str, *roles: int, to_user: int = 0, to_group: int = 0) -> None:
    holder = f"users/{to_user}" if to_user else f"groups/{to_group}"
    answer = server.put(f"/api/admin/projects/{project}/{holder}/roles", json={"roles": list(roles)})
    assert answer.status_code == 200, answer.text


def role(server: TestServer, name: str, kind: str, *permissions: tuple[str, str | None]) -> int:
    wanted = [{"name": each, "environment": where} for each, where in permissions]
    answer = server.post("/api/admin/roles", json={"name": name, "type": kind, "permissions": wanted})
    return int(answer.json()["roles"]["id"])


def permissions_of(server: TestServer, user_id: int, **where: str) -> dict[str, Any]:
    answer = server.get(f"{USERS}/{user_id}/permissions", params=where)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def held(found: dict[str, Any], level: str) -> set[str]:
    return {each["name"] for each in found["overview"][level] if each["hasPermission"]}


def test_what_somebody_may_do_and_what_lets_them(server: TestServer) -> None:
    ada = person(server, "ada")
    for project in ("web", "shop"):
        add_project(server, project)
    switch = role(server, "Switch", "custom", ("UPDATE_FEATURE_ENVIRONMENT", "development"), ("CREATE_FEATURE", None))
    drawing = role(server, "Drawing", "root-custom", ("CREATE_SEGMENT", None))
    team = group(server, "team", ada, role=drawing)
    give(server, "web", switch, to_user=ada.id)
    give(server, "web", MEMBER.id, to_group=team)
    give(server, "shop", OWNER.id, to_group=team)

    outside = permissions_of(server, ada.id)
    assert (outside["user"]["id"], outside["user"]["rootRole"], outside["rootRole"]["name"]) == (ada.id, 3, "Viewer")
    assert [(each["name"], each["rootRole"]) for each in outside["overview"]["groups"]] == [("team", drawing)]
    assert (held(outside, "root"), held(outside, "project"), held(outside, "environment")) == (
        {"CREATE_SEGMENT"},
        set(),
        set(),
    )
    told = [(each["project"], each["name"], each.get("group")) for each in outside["projectRoles"]]
    assert told == [("shop", "Owner", "team"), ("web", "Switch", None), ("web", "Member", "team")]
    assert outside["projectRoles"][1]["permissions"][1] == {
        "id": outside["projectRoles"][1]["permissions"][1]["id"],
        "name": "UPDATE_FEATURE_ENVIRONMENT",
        "displayName": "Update feature environment",
        "type": "environment",
        "environment": "development",
    }

    give(server, "web", to_group=team)
    in_web = permissions_of(server, ada.id, project="web")
    assert held(in_web, "project") == {"CREATE_FEATURE"}
    assert held(in_web, "environment") == set()
    assert [each["name"] for each in in_web["projectRoles"]] == ["Switch"]
    here = permissions_of(server, ada.id, project="web", environment="development")
    assert held(here, "environment") == {"UPDATE_FEATURE_ENVIRONMENT"}
    assert {each.get("environment") for each in here["overview"]["environment"]} == {"development"}
    assert held(permissions_of(server, ada.id, project="web", environment="production"), "environment") == set()


def test_it_is_what_the_server_lets_them_do(server: TestServer) -> None:
    """A project that is closed takes away what a root role gives, here and in requests."""
    add_project(server, "web")
    editor = person(server, "editor", "Editor")
    body = {"name": "flag-one", "type": "release"}
    assert "CREATE_FEATURE" in held(permissions_of(server, editor.id, project="web"), "project")
    assert server.post("/api/admin/projects/web/features", json=body, token=editor.token).status_code == 201
    set_mode_of(server, "web", Mode.PROTECTED)
    assert held(permissions_of(server, editor.id, project="web"), "project") == set()
    body["name"] = "flag-two"
    assert server.post("/api/admin/projects/web/features", json=body, token=editor.token).status_code == 403
    assert held(permissions_of(server, 1, project="web"), "project") == {
        name for name, level in LEVELS.items() if level is Level.PROJECT
    }


def test_what_a_service_account_may_do(server: TestServer) -> None:
    made = server.post("/api/admin/service-account", json={"username": "bot", "name": "Bot", "rootRole": 3}).json()
    give(server, "default", MEMBER.id, to_user=made["id"])
    path = f"/api/admin/service-account/{made['id']}/permissions"
    found = server.get(path, params={"project": "default"}).json()
    assert "CREATE_FEATURE" in held(found, "project")
    assert found["user"]["accountType"] == "Service Account"
    assert [each["name"] for each in found["projectRoles"]] == ["Member"]
    assert {each.get("environment") for each in found["overview"]["environment"]} == {None}
    here = server.get(path, params={"project": "default", "environment": "production"}).json()
    assert {each["environment"] for each in here["overview"]["environment"]} == {"production"}
    assert "UPDATE_FEATURE_ENVIRONMENT" in held(here, "environment")
    empty = server.get(path, params={"project": "", "environment": ""}).json()
    assert (held(empty, "project"), len(empty["projectRoles"])) == (set(), 1)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("user-admin/999/permissions", 404),
        ("service-account/1/permissions", 404),
        ("user-admin/1/permissions?project=nothing", 404),
        ("user-admin/1/permissions?environment=nothing", 404),
        ("user-admin/1/permissions?projects=default", 400),
        ("user-admin/nobody/permissions", 404),
    ],
)
def test_of_whom_or_what_there_is_not(server: TestServer, path: str, status: int) -> None:
    answer = server.get(f"/api/admin/{path}")
    assert answer.status_code == status
    assert answer.json()["message"]


def test_only_people_belong_somewhere(server: TestServer) -> None:
    for path in ("user/profile", "user/roles?projectId=default"):
        answer = server.get(f"/api/admin/{path}")
        assert (answer.status_code, answer.json()["name"]) == (403, "ForbiddenError")


def test_only_administrators_look_at_others(server: TestServer) -> None:
    editor = person(server, "editor", "Editor")
    for path in (f"{USERS}/{editor.id}/permissions", "/api/admin/service-account/1/permissions", OVERVIEW):
        assert server.get(path, token=editor.token).status_code == 403


def test_everybody_at_a_glance(server: TestServer) -> None:
    ada, ben = person(server, "ada", email="ada@example.com"), person(server, "=ben()", "Editor")
    bot = server.post("/api/admin/service-account", json={"username": "bot", "name": "Bot", "rootRole": 3}).json()
    add_project(server, "web")
    team, others = group(server, "team", ada, ben), group(server, "others", ada)
    give(server, "web", MEMBER.id, to_group=team)
    give(server, "default", MEMBER.id, to_group=others)
    give(server, "default", OWNER.id, to_user=bot["id"])

    found = {each["userId"]: each for each in server.get(OVERVIEW).json()["overview"]}
    assert list(found) == [1, ada.id, ben.id, bot["id"]]
    assert {**found[ada.id], "createdAt": ""} == {
        "userId": ada.id,
        "userName": "ada",
        "userEmail": "ada@example.com",
        "createdAt": "",
        "lastSeen": None,
        "rootRole": "Viewer",
        "groups": ["team", "others"],
        "accessibleProjects": ["default", "web"],
    }
    assert (found[ben.id]["rootRole"], found[ben.id]["accessibleProjects"]) == ("Editor", ["web"])
    assert (found[bot["id"]]["userEmail"], found[bot["id"]]["accessibleProjects"]) == ("", ["default"])

    assert found[ada.id]["createdAt"].startswith("20")
    with browser(server, "ada"):
        pass
    seen = {each["userId"]: each["lastSeen"] for each in server.get(OVERVIEW).json()["overview"]}
    assert (seen[ada.id] or "").startswith("20")
    assert seen[bot["id"]] is None

    answer = server.get(OVERVIEW, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].endswith('.csv"')
    _, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert [row[:6] for row in rows[1:3]] == [
        [str(ada.id), "ada", "ada@example.com", "Viewer", "team\nothers", "default\nweb"],
        [str(ben.id), "'=ben()", "", "Editor", "team", "web"],
    ]


def test_groups_beside_users_whom_a_project_can_be_opened_to(server: TestServer) -> None:
    ada = person(server, "ada")
    team, empty = group(server, "team", ada), group(server, "empty")
    found = server.get(f"{USERS}/access", token=ada.token).json()
    assert [each["username"] for each in found["users"]] == ["admin", "ada"]
    assert found["groups"] == [
        {"id": team, "name": "team", "userCount": 1},
        {"id": empty, "name": "empty", "userCount": 0},
    ]


def test_a_group_can_own_a_project_and_its_members_count(server: TestServer) -> None:
    ada, ben = person(server, "ada"), person(server, "ben")
    team = group(server, "team", ada, ben)
    give(server, "default", OWNER.id, to_group=team)
    give(server, "default", MEMBER.id, to_user=ada.id)
    (project,) = server.get("/api/admin/projects").json()["projects"]
    assert (project["owners"], project["memberCount"]) == ([{"ownerType": "group", "name": "team"}], 2)
    assert server.get("/api/admin/projects/default/overview").json()["members"] == 2
    details = server.get("/api/admin/personal-dashboard/default", token=ada.token).json()
    assert details["owners"] == [{"ownerType": "group", "name": "team"}]
    assert server.get("/api/admin/personal-dashboard", token=ada.token).json()["projectOwners"] == []


def test_the_statistics_of_the_server_know_groups_and_service_accounts(server: TestServer) -> None:
    group(server, "team", person(server, "ada"))
    server.post("/api/admin/service-account", json={"username": "bot", "name": "Bot", "rootRole": 3})
    found = server.get("/api/admin/instance-admin/statistics").json()
    assert (found["users"], found["serviceAccounts"], found["groups"]) == (2, 1, 1)
    assert (found["OIDCenabled"], found["SCIMenabled"]) == (False, False)
    assert server.post("/api/admin/scim-settings", json={"enabled": True, "assumeControlOfExisting": False}).is_success
    assert server.get("/api/admin/instance-admin/statistics").json()["SCIMenabled"] is True


def test_groups_and_what_they_give_are_in_the_profile(server: TestServer) -> None:
    ada = person(server, "ada")
    add_project(server, "web")
    set_mode_of(server, "web", Mode.PRIVATE)
    team = group(server, "team", ada, role=2)
    give(server, "web", MEMBER.id, to_group=team)
    profile = server.get("/api/admin/user/profile", token=ada.token).json()
    assert (profile["projects"], profile["rootRole"]["name"]) == (["web"], "Viewer")
    assert profile["groups"] == [
        {"id": team, "name": "team", "description": None, "mappingsSSO": [], "rootRole": 2, "scimId": None}
    ]
    roles = server.get("/api/admin/user/roles", params={"projectId": "web"}, token=ada.token).json()["roles"]
    assert [(each["name"], each["project"]) for each in roles] == [("Member", "web")]
    dashboard = server.get("/api/admin/personal-dashboard", token=ada.token).json()
    assert sorted(each["id"] for each in dashboard["projects"]) == ["default", "web"]
    details = server.get("/api/admin/personal-dashboard/web", token=ada.token).json()
    assert [each["name"] for each in details["roles"]] == ["Member"]
