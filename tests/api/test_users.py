"""Administering users over HTTP."""

from typing import Any

import pytest

from flagkeeper.features.access import commands as access
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.credentials.slice import CREDENTIALS
from tests.people import PASSWORD, browser, person
from tests.server import ADMIN, TestServer
from tests.server import PASSWORD as ADMIN_PASSWORD

USERS = "/api/admin/user-admin"
ME = "/api/admin/user"
NEW_PASSWORD = "An0ther!passw0rd"


def make(server: TestServer, **body: Any) -> dict[str, Any]:
    answer = server.post(USERS, json={"username": "ada", "rootRole": 3, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.causes("user-created", action="POST /api/admin/user-admin")
def test_creating_a_user(server: TestServer) -> None:
    before = server.last_id()
    answer = server.post(
        USERS,
        json={
            "email": "Ada@Example.com",
            "name": "Ada",
            "rootRole": "Editor",
            "sendEmail": False,
            "password": PASSWORD,
        },
    )
    assert (answer.status_code, answer.headers["location"]) == (201, "2")
    made = answer.json()
    assert made.pop("inviteLink").startswith("http://flagkeeper.test/new-user?token=")
    assert {**made, "createdAt": ""} == {
        "id": 2,
        "accountType": "User",
        "name": "Ada",
        "email": "ada@example.com",
        "imageUrl": "https://gravatar.com/avatar/"
        "b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72?s=42&d=retro&r=g",
        "seenAt": None,
        "loginAttempts": 0,
        "createdAt": "",
        "scimId": None,
        "seatType": None,
        "companyRole": None,
        "productUpdatesEmailConsent": None,
        "rootRole": 2,
        "emailSent": False,
    }
    (event,) = server.events_after(before)
    assert (
        event.items()
        >= {
            "type": "user-created",
            "createdBy": "admin",
            "createdByUserId": -42,
            "project": None,
            "data": {"id": 2, "name": "Ada", "email": "ada@example.com", "username": None, "rootRole": 2},
            "preData": None,
        }.items()
    )
    with browser(server, "ada@example.com") as client:
        assert client.get(ME).json()["user"]["id"] == 2


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"rootRole": 3}, "BadDataError"),
        ({"username": "eve"}, "BadDataError"),
        ({"username": "eve", "rootRole": 99}, "BadDataError"),
        ({"username": "eve", "rootRole": "Owner"}, "BadDataError"),
        ({"username": "eve", "rootRole": None}, "BadDataError"),
        ({"email": "no address", "rootRole": 3}, "BadDataError"),
        ({"username": "eve", "rootRole": 3, "password": "weak"}, "OwaspValidationError"),
        ({"username": "admin", "rootRole": 3}, "BadDataError"),
        ({"username": "eve", "email": "ADA@example.com", "rootRole": 3}, "BadDataError"),
    ],
)
def test_users_that_cannot_be(server: TestServer, body: dict[str, Any], name: str) -> None:
    person(server, "ada", email="ada@example.com")
    before = server.last_id()
    answer = server.post(USERS, json=body)
    assert (answer.status_code, answer.json()["name"]) == (400, name)
    assert server.events_after(before) == []


def test_the_list(server: TestServer) -> None:
    make(server, name="Ada")
    found = server.get(USERS).json()
    assert [(user["id"], user["username"], user["rootRole"], user["inviteLink"]) for user in found["users"]] == [
        (1, "admin", 1, ""),
        (2, "ada", 3, ""),
    ]
    assert "email" not in found["users"][1]
    assert [(role["id"], role["name"], role["type"]) for role in found["rootRoles"]] == [
        (1, "Admin", "root"),
        (2, "Editor", "root"),
        (3, "Viewer", "root"),
    ]


def test_one_user(server: TestServer) -> None:
    made = make(server)
    del made["emailSent"], made["inviteLink"]
    assert server.get(f"{USERS}/{made['id']}").json() == made
    answer = server.get(f"{USERS}/999")
    assert (answer.status_code, answer.json()["name"]) == (404, "NotFoundError")


@pytest.mark.parametrize(
    ("text", "found"),
    [("ad", [1, 2]), ("LOVE", [2]), ("ada@", [2]), ("a", []), ("", []), ("a%a", []), ("_d", []), ("\\", [])],
)
def test_search(server: TestServer, text: str, found: list[int]) -> None:
    make(server, name="Ada Lovelace", email="ada@example.com")
    viewer = person(server, "vi").token
    answer = server.get(f"{USERS}/search", params={"q": text}, token=viewer)
    assert [user["id"] for user in answer.json()] == found
    assert all("rootRole" not in user for user in answer.json())


def test_whom_a_project_can_be_opened_to(server: TestServer) -> None:
    make(server, name="Ada")
    assert server.get(f"{USERS}/access", token=person(server, "vi").token).json() == {
        "users": [
            {"id": 1, "username": "admin", "accountType": "User"},
            {"id": 2, "name": "Ada", "username": "ada", "accountType": "User"},
            {"id": 3, "username": "vi", "accountType": "User"},
        ],
        "groups": [],
    }


def test_how_many_administrators(server: TestServer) -> None:
    make(server, rootRole=1)
    assert server.get(f"{USERS}/admin-count").json() == {"password": 1, "noPassword": 1, "service": 0}


@pytest.mark.causes("user-updated", action="PUT /api/admin/user-admin/{id}")
def test_changing_a_user(server: TestServer) -> None:
    ada = person(server, "ada")
    before = server.last_id()
    answer = server.put(f"{USERS}/{ada.id}", json={"name": "Ada", "email": "a@b.co", "rootRole": 2})
    assert answer.status_code == 200
    assert answer.json().items() >= {"name": "Ada", "email": "a@b.co", "username": "ada", "rootRole": 2}.items()
    (event,) = server.events_after(before)
    assert event["type"] == "user-updated"
    assert event["preData"] == {"id": 2, "name": None, "email": None, "username": "ada", "rootRole": 3}
    assert event["data"] == {"id": 2, "name": "Ada", "email": "a@b.co", "username": "ada", "rootRole": 2}
    assert server.post("/api/admin/segments", json={"name": "s", "constraints": []}, token=ada.token).status_code == 201

    before = server.last_id()
    assert server.put(f"{USERS}/{ada.id}", json={"name": "Ada", "rootRole": "Editor"}).status_code == 200
    assert server.put(f"{USERS}/{ada.id}", json={}).status_code == 200
    assert server.events_after(before) == []


def test_a_lesser_role_has_effect_at_once(server: TestServer) -> None:
    ada = person(server, "ada", "Editor")
    server.put(f"{USERS}/{ada.id}", json={"rootRole": 3})
    answer = server.post("/api/admin/segments", json={"name": "s", "constraints": []}, token=ada.token)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("user_id", "body", "status"),
    [
        (999, {"name": "Ada"}, 404),
        (2, {"rootRole": 99}, 400),
        (2, {"email": "eve@example.com"}, 400),
        (2, {"email": "nothing"}, 400),
        (3, {"email": ""}, 400),
        (1, {"rootRole": 2}, 403),
    ],
)
def test_changes_that_cannot_be(server: TestServer, user_id: int, body: dict[str, Any], status: int) -> None:
    person(server, "ada")
    server.post(USERS, json={"email": "eve@example.com", "rootRole": 3})
    before = server.last_id()
    assert server.put(f"{USERS}/{user_id}", json=body).status_code == status
    assert server.events_after(before) == []


@pytest.mark.causes("user-deleted", action="DELETE /api/admin/user-admin/{id}")
@pytest.mark.causes("pat-deleted", action="DELETE /api/admin/user-admin/{id}")
def test_deleting_a_user_ends_everything(server: TestServer) -> None:
    ada = person(server, "ada", "Editor")
    with browser(server, "ada") as client:
        before = server.last_id()
        answer = server.delete(f"{USERS}/{ada.id}")
        assert (answer.status_code, answer.content) == (200, b"")
        assert client.get(ME).status_code == 401
    assert server.get(ME, token=ada.token).status_code == 401
    pat, user = server.events_after(before)
    assert (pat["type"], pat["data"]["description"]) == ("pat-deleted", "test")
    assert (user["type"], user["data"]) == ("user-deleted", None)
    assert user["preData"] == {"id": ada.id, "name": None, "email": None, "username": "ada", "rootRole": 2}
    assert pat["groupId"] == user["groupId"]
    assert server.get(f"{USERS}/{ada.id}").status_code == 404
    assert server.delete(f"{USERS}/{ada.id}").status_code == 404
    assert make(server)["id"] == ada.id + 1


def test_deleting_a_user_takes_the_roles_in_projects(server: TestServer) -> None:
    ada = person(server, "ada")
    server.call(server.services.units.run(SYSTEM, access.grant, "default", ada.id, 5))
    before = server.last_id()
    server.delete(f"{USERS}/{ada.id}")
    event = server.events_after(before)[1]
    assert (event["type"], event["project"]) == ("project-access-user-roles-deleted", "default")
    assert event["preData"] == {"userId": ada.id, "roles": [5]}


def test_nobody_deletes_himself_or_the_last_administrator(server: TestServer) -> None:
    boss = person(server, "boss", "Admin")
    before = server.last_id()
    answer = server.delete(f"{USERS}/{boss.id}", token=boss.token)
    assert (answer.status_code, answer.json()["name"]) == (403, "InvalidOperationError")
    assert server.events_after(before) == []
    assert server.delete(f"{USERS}/1", token=boss.token).status_code == 200
    answer = server.delete(f"{USERS}/{boss.id}")
    assert (answer.status_code, answer.json()["name"]) == (403, "InvalidOperationError")
    assert server.put(f"{USERS}/{boss.id}", json={"rootRole": 3}).status_code == 403
    assert server.get(ME, token=boss.token).status_code == 200


@pytest.mark.causes("flagkeeper-user-password-changed", action="POST /api/admin/user-admin/{id}/change-password")
def test_an_administrator_sets_a_password(server: TestServer) -> None:
    ada = person(server, "ada")
    path = f"{USERS}/{ada.id}/change-password"
    with browser(server, "ada") as client:
        before = server.last_id()
        answer = server.post(path, json={"password": NEW_PASSWORD})
        (event,) = server.events_after(before)
        assert (event["type"], event["data"]["id"]) == ("flagkeeper-user-password-changed", ada.id)
        assert NEW_PASSWORD not in str(event)
        assert (answer.status_code, answer.content) == (200, b"")
        assert client.get(ME).status_code == 401
        assert server.get(ME, token=ada.token).status_code == 200
    with browser(server, "ada", NEW_PASSWORD):
        pass
    assert server.post(path, json={"password": "weak"}).json()["name"] == "OwaspValidationError"
    assert server.post(path, json={"password": "B" + NEW_PASSWORD, "confirmPassword": "other"}).status_code == 400
    assert server.post(path, json={"password": PASSWORD}).json()["name"] == "BadDataError"
    assert server.post(f"{USERS}/999/change-password", json={"password": NEW_PASSWORD}).status_code == 404


@pytest.mark.causes("flagkeeper-user-password-changed", action="POST /api/admin/user/change-password")
def test_changing_ones_own_password(server: TestServer) -> None:
    person(server, "ada")
    path = f"{ME}/change-password"
    with browser(server, "ada") as here, browser(server, "ada") as there:
        wrong = here.post(path, json={"password": NEW_PASSWORD, "oldPassword": "wrong"})
        assert (wrong.status_code, wrong.json()["name"]) == (401, "PasswordMismatch")
        assert here.post(path, json={"password": NEW_PASSWORD}).status_code == 401
        assert here.post(path, json={"password": "weak", "oldPassword": PASSWORD}).status_code == 400
        same = here.post(path, json={"password": PASSWORD, "oldPassword": PASSWORD})
        assert (same.status_code, same.json()["name"]) == (400, "BadDataError")
        assert there.get(ME).status_code == 200

        body = {"password": NEW_PASSWORD, "confirmPassword": NEW_PASSWORD, "oldPassword": PASSWORD}
        assert here.post(path, json=body).status_code == 200
        assert server.events()[0]["type"] == "flagkeeper-user-password-changed"
        assert here.get(ME).status_code == 200
        assert there.get(ME).status_code == 401
    with browser(server, "ada", NEW_PASSWORD):
        pass


def test_a_token_has_no_password_and_no_profile(server: TestServer) -> None:
    body = {"password": NEW_PASSWORD, "oldPassword": PASSWORD}
    assert server.post(f"{ME}/change-password", json=body).json()["name"] == "ForbiddenError"
    assert server.get(f"{ME}/profile").status_code == 403
    assert server.get(f"{ME}/roles", params={"projectId": "default"}).status_code == 403


def test_who_am_i(server: TestServer) -> None:
    answer = server.get(ME)
    assert answer.headers["cache-control"] == "no-store"
    me = answer.json()
    assert me["permissions"] == [{"permission": "ADMIN"}]
    assert (me["feedback"], me["splash"]) == ([], {})
    assert (
        me["user"].items()
        >= {
            "id": -42,
            "username": "admin",
            "permissions": ["ADMIN"],
            "environment": "*",
            "type": "admin",
            "projects": ["*"],
            "internalAdminTokenUserId": -42,
        }.items()
    )
    assert ADMIN not in answer.text
    with browser(server, "admin", ADMIN_PASSWORD) as client:
        mine = client.get(ME).json()
        assert (mine["user"]["id"], mine["permissions"]) == (1, [{"permission": "ADMIN"}])
        assert "internalAdminTokenUserId" not in mine["user"]
    assert server.get(ME, token=person(server, "vi").token).json()["permissions"] == []
    editor = server.get(ME, token=person(server, "ed", "Editor").token).json()
    assert {"permission": "CREATE_FEATURE"} in editor["permissions"]
    assert {"permission": "ADMIN"} not in editor["permissions"]


def test_where_i_belong(server: TestServer) -> None:
    ada = person(server, "ada")
    for role in (4, 5):
        server.call(server.services.units.run(SYSTEM, access.grant, "default", ada.id, role))
    server.call(server.services[CREDENTIALS].reached(server.services.log_signal.last_id))
    profile = server.get(f"{ME}/profile", token=ada.token).json()
    assert {**profile, "rootRole": {**profile["rootRole"], "description": ""}} == {
        "rootRole": {"id": 3, "name": "Viewer", "type": "root", "description": ""},
        "projects": ["default"],
        "groups": [],
        "subscriptions": [],
        "features": [],
        "canChangePassword": True,
    }
    roles = server.get(f"{ME}/roles", params={"projectId": "default"}, token=ada.token).json()
    assert roles == {
        "version": 1,
        "roles": [
            {"id": 4, "name": "Owner", "type": "project", "project": "default"},
            {"id": 5, "name": "Member", "type": "project", "project": "default"},
        ],
    }
    assert server.get(f"{ME}/roles", token=ada.token).status_code == 400
    made = make(server, username="eve")
    assert made["id"] == 3


@pytest.mark.parametrize("role", ["Viewer", "Editor"])
def test_only_administrators_administer(server: TestServer, role: str) -> None:
    someone = person(server, "someone", role)
    for method, path in (
        ("GET", USERS),
        ("POST", USERS),
        ("GET", f"{USERS}/1"),
        ("PUT", f"{USERS}/1"),
        ("DELETE", f"{USERS}/1"),
        ("POST", f"{USERS}/1/change-password"),
        ("GET", f"{USERS}/admin-count"),
    ):
        answer = server.request(method, path, token=someone.token, json={} if method != "GET" else None)
        assert (answer.status_code, answer.json()["permissions"]) == (403, ["ADMIN"]), path
