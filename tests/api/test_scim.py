"""SCIM 2.0 over HTTP: an independent checker of the standard, and the forms of Entra ID and Okta."""

from typing import Any

import httpx
import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.people import browser, person
from tests.server import TestServer

SETTINGS = "/api/admin/scim-settings"
TOKEN = f"{SETTINGS}/generate-new-token"
USERS, GROUPS = "/scim/v2/Users", "/scim/v2/Groups"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


class Provider:
    """An identity provider with the token of a server."""

    def __init__(self, server: TestServer) -> None:
        self.server = server
        self.token = server.post(TOKEN).json()["token"]
        assert server.post(SETTINGS, json={"enabled": True}).status_code == 200

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Content-Type": "application/scim+json"} if "json" in more else {}
        return self.server.request(method, path, token=f"Bearer {self.token}", headers=headers, **more)

    def make(self, path: str, **body: Any) -> Any:
        answer = self.request("POST", path, json=body)
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == answer.json()["meta"]["location"]
        assert answer.headers["content-type"].startswith("application/scim+json")
        return answer.json()

    def patch(self, path: str, *operations: dict[str, Any]) -> Any:
        answer = self.request("PATCH", path, json={"schemas": [PATCH], "Operations": list(operations)})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def find(self, path: str, **query: Any) -> Any:
        answer = self.request("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def provider(server: TestServer) -> Provider:
    return Provider(server)


def group_of(id_: str, name: str) -> dict[str, str]:
    return {"value": id_, "$ref": f"http://flagkeeper.test{GROUPS}/{id_}", "display": name}


def types(server: TestServer, before: int) -> list[str]:
    return [event["type"] for event in server.events_after(before)]


@pytest.mark.causes("setting-created", "setting-updated", action="POST /api/admin/scim-settings")
@pytest.mark.causes("setting-updated", action="POST /api/admin/scim-settings/generate-new-token")
def test_settings_and_the_token(server: TestServer) -> None:
    viewer = person(server, "vi")
    assert server.get(SETTINGS).json() == {"enabled": False, "hasToken": False}
    before = server.last_id()
    assert server.post(SETTINGS, json={"enabled": False}).status_code == 200
    assert server.post(SETTINGS, json={"enabled": True}).status_code == 200
    assert server.get(USERS, token="scim:nobody").status_code == 401
    assert server.get(USERS, token=None).status_code == 401
    first = server.post(TOKEN).json()["token"]
    assert server.get(USERS, token=first).status_code == 200
    second = server.post(TOKEN).json()["token"]
    assert server.get(USERS, token=first).json() == {
        "schemas": [ERROR],
        "status": "401",
        "detail": "The token is missing, unknown or revoked. An administrator can make a new one.",
    }
    assert server.get(USERS).status_code == 401, "an admin token is none of SCIM"
    assert server.get("/api/admin/user-admin", token=second).status_code == 401, "and the token opens nothing else"
    assert server.post(SETTINGS, json={"enabled": False}).status_code == 200
    assert server.get(USERS, token=second).status_code == 403
    assert server.get(SETTINGS).json() == {"enabled": False, "hasToken": True}
    events = server.events_after(before)
    assert [event["type"] for event in events] == ["setting-created", *["setting-updated"] * 3]
    assert [event["data"]["enabled"] for event in events] == [True, True, True, False]
    assert events[1]["data"]["sealedSince"] != events[2]["data"]["sealedSince"]
    assert first not in str(events)
    for method, path in (("GET", SETTINGS), ("POST", SETTINGS), ("POST", TOKEN)):
        body = {"json": {"enabled": True}} if path == SETTINGS else {}
        assert server.request(method, path, token=viewer.token, **body).status_code == 403


def test_an_independent_checker_finds_nothing(provider: Provider) -> None:
    with httpx2.Client(
        base_url=f"{provider.server.url}/scim/v2",
        headers={"Authorization": f"Bearer {provider.token}"},
        timeout=30,
        trust_env=False,
    ) as client:
        results = check_server(SyncSCIMClient(client))
    found = [result for result in results if result.status in (Status.ERROR, Status.CRITICAL)]
    assert not found, "\n".join(f"{each.title}: {each.reason}" for each in found)
    assert sum(result.status is Status.SUCCESS for result in results) > 30


@pytest.mark.causes("user-created", action="POST /scim/v2/Users")
@pytest.mark.causes("user-updated", action="PUT /scim/v2/Users/{id}")
@pytest.mark.causes("user-updated", "user-deleted", "user-created", action="PATCH /scim/v2/Users/{id}")
@pytest.mark.causes("user-deleted", action="DELETE /scim/v2/Users/{id}")
def test_a_user_comes_changes_leaves_and_comes_back(provider: Provider) -> None:
    server, before = provider.server, provider.server.last_id()
    made = provider.make(USERS, userName="Ada@Example.com", externalId="x1", name={"givenName": "Ada"}, active=True)
    path, id_ = f"{USERS}/{made['id']}", int(made["id"])
    assert server.get(f"/api/admin/user-admin/{id_}").json()["scimId"] == "x1"
    user = server.get(f"/api/admin/user-admin/{id_}").json()
    assert (user["email"], user["name"], user["rootRole"]) == ("ada@example.com", "Ada", 3)
    (event,) = server.events_after(before)
    assert (event["type"], event["createdBy"], event["createdByUserId"]) == ("user-created", "scim", -42)
    for body in ({"userName": "ADA@example.com"}, {"userName": "other", "emails": [{"value": "ada@example.com"}]}):
        answer = provider.request("POST", USERS, json=body)
        assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    replaced = provider.request("PUT", path, json={**made, "displayName": "Ada L."}).json()
    assert (replaced["displayName"], replaced["id"]) == ("Ada L.", made["id"])
    answer = server.put(f"/api/admin/user-admin/{id_}", json={"name": "Eve"})
    assert (answer.status_code, answer.json()["name"]) == (403, "InvalidOperationError")
    assert server.put(f"/api/admin/user-admin/{id_}", json={"rootRole": 2}).status_code == 200
    staff = provider.make(GROUPS, displayName="Staff", members=[{"value": made["id"]}])
    before = server.last_id()
    # Entra ID
    gone = provider.patch(path, {"op": "Replace", "path": "active", "value": "False"})
    assert (gone["active"], gone["groups"]) == (False, [])
    assert server.get(f"/api/admin/user-admin/{id_}").status_code == 404
    assert provider.find(f"{GROUPS}/{staff['id']}")["members"] == []
    assert server.events_after(before)[-1]["type"] == "user-deleted"
    # Okta
    back = provider.patch(path, {"op": "replace", "value": {"active": True, "displayName": "Ada"}})
    assert (back["active"], back["groups"]) == (True, [group_of(staff["id"], "Staff")])
    user = server.get(f"/api/admin/user-admin/{id_}").json()
    assert (user["id"], user["rootRole"], user["name"]) == (id_, 2, "Ada")
    assert types(server, before) == ["group-user-removed", "user-deleted", "user-created", "group-user-added"]
    renamed = provider.patch(path, {"op": "replace", "path": "displayName", "value": "A. King"})
    assert (renamed["displayName"], server.get(f"/api/admin/user-admin/{id_}").json()["name"]) == ("A. King", "A. King")
    assert provider.request("DELETE", path).status_code == 204
    assert provider.request("DELETE", path).status_code == 404
    assert server.get(f"/api/admin/user-admin/{id_}").status_code == 404


def test_who_is_active_is_told_and_found(provider: Provider) -> None:
    """Also of those of whom nothing was said: they are."""
    made = provider.make(USERS, userName="eve@example.com", emails=[{"type": "work", "value": "eve@example.com"}])
    assert made["active"] is True
    for wanted in ("active eq true", 'emails[type eq "work"].value eq "eve@example.com"'):
        assert [each["id"] for each in provider.find(USERS, filter=wanted)["Resources"]] == [made["id"]], wanted


def test_an_address_of_another_is_a_conflict(provider: Provider) -> None:
    """Also when it comes by a change (RFC 7644, section 3.12: 409 `uniqueness`)."""
    provider.make(USERS, userName="ada@example.com")
    eve = provider.make(USERS, userName="eve@example.com")
    taken = [{"value": "ADA@example.com", "primary": True}]
    operation = {"op": "replace", "path": "emails", "value": taken}
    answers = [
        provider.request("PUT", f"{USERS}/{eve['id']}", json={"userName": "eve@example.com", "emails": taken}),
        provider.request("PATCH", f"{USERS}/{eve['id']}", json={"schemas": [PATCH], "Operations": [operation]}),
    ]
    assert [(each.status_code, each.json()["scimType"]) for each in answers] == [(409, "uniqueness")] * 2


def test_who_leaves_is_out_at_once(provider: Provider) -> None:
    server = provider.server
    ada = person(server, "ada", email="ada@example.com")
    made = provider.make(USERS, userName="ada@example.com")
    assert int(made["id"]) == ada.id, "who is there is taken over"
    with browser(server, "ada") as client:
        assert client.get("/api/admin/user").status_code == 200
        provider.patch(f"{USERS}/{made['id']}", {"op": "replace", "path": "active", "value": False})
        assert client.get("/api/admin/user").status_code == 401
        assert server.get("/api/admin/user", token=ada.token).status_code == 401


def test_the_last_administrator_stays(provider: Provider) -> None:
    made = provider.make(USERS, userName="admin")
    answer = provider.request("DELETE", f"{USERS}/{made['id']}")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "mutability")


def test_finding_and_pages(provider: Provider) -> None:
    for number in range(7):
        provider.make(USERS, userName=f"user{number}@x.test", externalId=f"e{number}", displayName=f"U {number % 2}")
    found = provider.find(USERS, filter='userName eq "USER3@x.test"')
    assert (found["totalResults"], found["Resources"][0]["externalId"]) == (1, "e3")
    assert provider.find(USERS, filter='externalId eq "e3" or displayName eq "u 0"')["totalResults"] == 5
    assert provider.find(USERS, filter='externalId eq "e3" and displayName eq "U 0"')["totalResults"] == 0
    page = provider.find(USERS, startIndex=6, count=5, attributes="userName")
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (7, 6, 2)
    assert [set(each) for each in page["Resources"]] == [{"schemas", "id", "userName"}] * 2
    assert provider.find(USERS, count=0)["Resources"] == []
    assert provider.find(USERS, startIndex=-3, count=1)["startIndex"] == 1
    assert "emails" not in provider.find(USERS, excludedAttributes="emails")["Resources"][0]
    asked = {"filter": 'userName sw "user"', "startIndex": 2, "count": 3, "attributes": ["userName"]}
    for path in (f"{USERS}/.search", "/scim/v2/.search"):
        searched = provider.request("POST", path, json=asked).json()
        assert (searched["totalResults"], searched["itemsPerPage"], searched["startIndex"]) == (7, 3, 2)
    for query, kind in (({"filter": "userName"}, "invalidFilter"), ({"count": "x"}, "invalidValue")):
        answer = provider.request("GET", USERS, params=query)
        assert (answer.status_code, answer.json()["scimType"], answer.json()["schemas"]) == (400, kind, [ERROR])


@pytest.mark.causes("group-created", action="POST /scim/v2/Groups")
@pytest.mark.causes("group-updated", action="PUT /scim/v2/Groups/{id}")
@pytest.mark.causes("group-updated", action="PATCH /scim/v2/Groups/{id}")
@pytest.mark.causes("group-deleted", action="DELETE /scim/v2/Groups/{id}")
def test_groups(provider: Provider) -> None:
    server = provider.server
    ada, eve = (provider.make(USERS, userName=f"{name}@x.test")["id"] for name in ("ada", "eve"))
    made = provider.make(GROUPS, displayName="Staff", externalId="g1", members=[{"value": ada}])
    path = f"{GROUPS}/{made['id']}"
    assert (made["members"], made["externalId"]) == (
        [{"value": ada, "$ref": f"http://flagkeeper.test{USERS}/{ada}"}],
        "g1",
    )
    shown = server.get(f"/api/admin/groups/{made['id']}").json()
    assert (shown["scimId"], [each["user"]["id"] for each in shown["users"]]) == ("g1", [int(ada)])
    answer = server.put(f"/api/admin/groups/{made['id']}", json={"name": "Staff", "users": []})
    assert answer.status_code == 403, "the provider keeps it"
    assert provider.request("POST", GROUPS, json={"displayName": "Staff"}).status_code == 409
    both = provider.patch(path, {"op": "Add", "path": "members", "value": [{"value": eve}]})
    assert [each["value"] for each in both["members"]] == [ada, eve]
    one = provider.patch(path, {"op": "remove", "path": f'members[value eq "{ada}"]'})
    assert [each["value"] for each in one["members"]] == [eve]
    renamed = provider.patch(path, {"op": "replace", "value": {"id": made["id"], "displayName": "Crew"}})
    assert (renamed["displayName"], renamed["externalId"], len(renamed["members"])) == ("Crew", "g1", 1)
    replaced = provider.request("PUT", path, json={"displayName": "Crew", "externalId": "g2", "members": []}).json()
    assert (replaced["externalId"], replaced["members"]) == ("g2", [])
    answer = provider.request(
        "PATCH", path, json={"Operations": [{"op": "add", "path": "members", "value": [{"value": "999"}]}]}
    )
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    own = server.post("/api/admin/groups", json={"name": "Own", "users": []}).json()["id"]
    assert provider.request("GET", f"{GROUPS}/{own}").status_code == 404, "what is kept here is none of its business"
    taken = provider.make(GROUPS, displayName="Own", members=[{"value": eve}])
    assert (int(taken["id"]), "externalId" in taken) == (own, False)
    assert provider.find(GROUPS, filter='displayName eq "crew"')["totalResults"] == 1
    assert provider.find(f"{USERS}/{eve}")["groups"] == [group_of(str(own), "Own")]
    assert provider.request("DELETE", path).status_code == 204
    assert provider.request("GET", path).status_code == 404


@pytest.mark.causes("user-deleted", "scim-users-deleted", action="DELETE /api/admin/user-admin/scim-users")
def test_all_that_a_provider_keeps_is_deleted(provider: Provider) -> None:
    server = provider.server
    kept = [provider.make(USERS, userName=f"user{number}@x.test")["id"] for number in range(3)]
    provider.patch(f"{USERS}/{kept[0]}", {"op": "replace", "path": "active", "value": False})
    person(server, "vi")
    before = server.last_id()
    assert server.delete("/api/admin/user-admin/scim-users").status_code == 200
    assert types(server, before) == ["user-deleted", "user-deleted", "scim-users-deleted"]
    assert provider.find(USERS)["totalResults"] == 0
    assert server.delete("/api/admin/user-admin/scim-users").status_code == 200
    assert len(types(server, before)) == 3


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", USERS, b"{", 400),
        ("POST", USERS, b"[]", 400),
        ("POST", USERS, b"{}", 400),
        ("POST", USERS, b'{"userName": "x", "emails": [{"value": "no address"}]}', 400),
        ("POST", USERS, b'{"userName": "unleash_system_user"}', 400),
        ("POST", f"{USERS}/1", b"{}", 405),
        ("PUT", USERS, b"{}", 405),
        ("GET", f"{USERS}/1", b"", 404),
        ("GET", f"{USERS}/x", b"", 404),
        ("PATCH", f"{USERS}/1", b"{}", 400),
        ("PATCH", f"{USERS}/1", b'{"Operations": [{"op": "add"}]}', 404),
        ("DELETE", f"{GROUPS}/1", b"", 404),
        ("POST", GROUPS, b'{"displayName": ""}', 400),
        ("POST", GROUPS, b'{"displayName": "x", "externalId": "flagkeeper:1"}', 400),
        ("GET", "/scim/v2/Schemas/none", b"", 404),
        ("GET", "/scim/v2/Schemas?filter=a", b"", 403),
        ("GET", "/scim/v2/Nothing", b"", 404),
        ("DELETE", "/scim/v2/ServiceProviderConfig", b"", 405),
    ],
)
def test_what_is_refused(provider: Provider, method: str, path: str, content: bytes, status: int) -> None:
    before = provider.server.last_id()
    answer = provider.request(method, path, content=content)
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert (body["schemas"], body["status"]) == ([ERROR], str(status))
    assert provider.server.events_after(before) == []
