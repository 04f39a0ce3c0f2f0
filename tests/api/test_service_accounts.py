"""Service accounts over HTTP: users without a password."""

from typing import Any

import pytest

from tests.people import PASSWORD, person
from tests.server import TestServer

ACCOUNTS = "/api/admin/service-account"
LATER = "2100-01-01T00:00:00.000Z"


def make(server: TestServer, username: str = "bot", role: int = 3) -> dict[str, Any]:
    answer = server.post(ACCOUNTS, json={"username": username, "name": "The bot", "rootRole": role})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def token_of(server: TestServer, account: int) -> str:
    answer = server.post(f"{ACCOUNTS}/{account}/token", json={"description": "ci", "expiresAt": LATER})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret"])


@pytest.mark.causes("service-account-created", action="POST /api/admin/service-account")
def test_making_one(server: TestServer) -> None:
    before = server.last_id()
    made = make(server)
    (event,) = server.events_after(before)
    assert (event["type"], event["preData"]) == ("service-account-created", None)
    assert event["data"] == {"id": made["id"], "name": "The bot", "username": "bot", "rootRole": 3}
    found = server.get(ACCOUNTS).json()
    assert found["serviceAccounts"] == [made]
    assert [role["id"] for role in found["rootRoles"]] == [1, 2, 3]
    users = [each["username"] for each in server.get("/api/admin/user-admin").json()["users"]]
    assert users == ["admin"], "it is no person"
    assert server.get("/api/admin/user-admin/search?q=bot").json() == []
    before = server.last_id()
    body = {"username": "bot", "name": "x", "rootRole": 3}
    assert server.post(ACCOUNTS, json=body).status_code == 400
    assert server.post(ACCOUNTS, json={**body, "username": "b", "rootRole": 4}).status_code == 400
    assert server.events_after(before) == []


@pytest.mark.causes("service-account-updated", action="PUT /api/admin/service-account/{id}")
@pytest.mark.causes("service-account-token-created", action="POST /api/admin/service-account/{id}/token")
@pytest.mark.causes("service-account-token-deleted", action="DELETE /api/admin/service-account/{id}/token/{tokenId}")
def test_what_its_tokens_may_do_is_what_it_may_do(server: TestServer) -> None:
    account = make(server)["id"]
    place = f"{ACCOUNTS}/{account}"
    secret = token_of(server, account)

    def status() -> int:
        name = f"s{server.last_id()}"
        return server.post("/api/admin/segments", json={"name": name, "constraints": []}, token=secret).status_code

    assert status() == 403
    before = server.last_id()
    assert server.put(place, json={"rootRole": 2}).json()["rootRole"] == 2
    (event,) = server.events_after(before)
    assert (event["type"], event["preData"]["rootRole"], event["data"]["rootRole"]) == ("service-account-updated", 3, 2)
    assert status() == 201
    assert server.get("/api/admin/user", token=secret).json()["user"]["accountType"] == "Service Account"
    (token,) = server.get(f"{place}/token").json()["pats"]
    assert "secret" not in token
    assert server.get(ACCOUNTS).json()["serviceAccounts"][0]["tokens"][0]["id"] == token["id"]
    assert server.delete(f"{place}/token/{token['id']}").status_code == 200
    assert status() == 401


@pytest.mark.causes("service-account-deleted", action="DELETE /api/admin/service-account/{id}")
def test_deleting_one(server: TestServer) -> None:
    account = make(server)["id"]
    secret = token_of(server, account)
    body = {"roles": [5]}
    assert server.put(f"/api/admin/projects/default/users/{account}/roles", json=body).status_code == 200
    before = server.last_id()
    assert server.delete(f"{ACCOUNTS}/{account}").status_code == 200
    found = [event["type"] for event in server.events_after(before)]
    assert found == ["service-account-token-deleted", "project-access-user-roles-deleted", "service-account-deleted"]
    assert server.get("/api/admin/user", token=secret).status_code == 401
    assert server.get(ACCOUNTS).json()["serviceAccounts"] == []


def test_it_has_no_password_and_people_are_none(server: TestServer) -> None:
    ada, account = person(server, "ada"), make(server)["id"]
    before = server.last_id()
    answer = server.post(f"/api/admin/user-admin/{account}/change-password", json={"password": PASSWORD + "2"})
    assert answer.status_code == 403
    assert server.post("/auth/simple/login", json={"username": "bot", "password": ""}).status_code in (400, 401)
    body = {"description": "ci", "expiresAt": LATER}
    for method, path, sent in [
        ("PUT", "", {"name": "x"}),
        ("DELETE", "", None),
        ("GET", "/token", None),
        ("POST", "/token", body),
        ("DELETE", "/token/1", None),
    ]:
        answer = server.client.request(
            method, f"{ACCOUNTS}/{ada.id}{path}", json=sent, headers={"Authorization": "*:*.test-admin-token"}
        )
        assert answer.status_code == 404, (method, path)
    assert server.events_after(before) == []
