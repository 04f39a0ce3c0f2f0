"""Roles and permissions over HTTP, and what they open."""

from typing import Any

import pytest

from flagkeeper.features.access import commands
from flagkeeper.features.projects.model import Mode
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.credentials.slice import CREDENTIALS
from tests.people import Person, person
from tests.projects import add_project, set_mode_of
from tests.server import TestServer

TOKENS = "/api/admin/projects/default/api-tokens"


def grant(server: TestServer, who: Person, role: int) -> None:
    services = server.services
    server.call(services.units.run(SYSTEM, commands.grant, "default", who.id, role))
    server.call(services[CREDENTIALS].reached(services.log_signal.last_id))


def test_everything_that_a_role_can_allow(server: TestServer) -> None:
    answer = server.get("/api/admin/permissions", token=person(server, "vi").token)
    assert answer.status_code == 200
    found = answer.json()
    assert found["version"] == 1
    assert found["permissions"]["root"][0] == {"id": 1, "name": "ADMIN", "displayName": "Admin", "type": "root"}
    assert [len(found["permissions"][key]) for key in ("root", "project")] == [35, 22]
    environments: list[dict[str, Any]] = found["permissions"]["environments"]
    assert [each["name"] for each in environments] == ["development", "production"]
    assert {each["environment"] for each in environments[0]["permissions"]} == {"development"}


def test_roles(server: TestServer) -> None:
    found = server.get("/api/admin/roles").json()
    assert [(role["id"], role["name"], role["type"]) for role in found["roles"]] == [
        (1, "Admin", "root"),
        (2, "Editor", "root"),
        (3, "Viewer", "root"),
        (4, "Owner", "project"),
        (5, "Member", "project"),
        (6, "Reader", "project"),
    ]
    admin = server.get("/api/admin/roles/1").json()
    assert [each["name"] for each in admin["permissions"]] == ["ADMIN"]
    assert server.get("/api/admin/roles/99").status_code == 404


@pytest.mark.causes("role-created", action="first start")
@pytest.mark.causes("user-created", action="first start")
@pytest.mark.causes("api-token-created", action="first start")
def test_the_first_start_is_in_the_log(server: TestServer) -> None:
    found = list(reversed(server.events()))
    kinds = [event["type"] for event in found]
    assert [event["data"]["name"] for event in found if event["type"] == "role-created"] == [
        "Admin",
        "Editor",
        "Viewer",
        "Owner",
        "Member",
        "Reader",
    ]
    assert kinds.count("user-created") == kinds.count("project-created") == 1
    assert kinds.count("environment-created") == 2
    assert kinds[-3:] == ["api-token-created"] * 3
    assert {(event["createdBy"], event["createdByUserId"], event["ip"]) for event in found} == {
        ("unleash_system_user", -1337, "")
    }
    assert len({event["groupId"] for event in found}) == 1


def test_a_role_in_a_project_opens_that_project_only(server: TestServer) -> None:
    ada = person(server, "ada")
    body = {"tokenName": "x", "type": "client"}
    assert server.post(TOKENS, json=body, token=ada.token).status_code == 403
    grant(server, ada, 5)
    assert server.post(TOKENS, json=body, token=ada.token).status_code == 201
    assert server.post(TOKENS.replace("default", "other"), json=body, token=ada.token).status_code == 404
    add_project(server, "other")
    set_mode_of(server, "other", Mode.OPEN)
    assert server.post(TOKENS.replace("default", "other"), json=body, token=ada.token).status_code == 403
    assert server.get("/api/admin/api-tokens", token=ada.token).status_code == 403
    granted = server.get("/api/admin/user", token=ada.token).json()["permissions"]
    assert {"permission": "CREATE_PROJECT_API_TOKEN", "project": "default"} in granted


def test_a_reader_may_change_nothing(server: TestServer) -> None:
    ada = person(server, "ada")
    grant(server, ada, 6)
    assert server.get("/api/admin/user", token=ada.token).json()["permissions"] == []
