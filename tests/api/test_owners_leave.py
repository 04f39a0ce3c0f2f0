"""Whoever is deleted leaves no project without an owner."""

import pytest

from tests.people import person
from tests.server import TestServer

SCIM_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
OWNER = 4


def own(server: TestServer, project: str, *owners: int) -> None:
    answer = server.post("/api/admin/projects", json={"id": project, "name": project})
    assert answer.status_code == 201, answer.text
    body = {"roles": [{"id": OWNER, "users": list(owners), "groups": []}]}
    answer = server.put(f"/api/admin/projects/{project}/access", json=body)
    assert answer.status_code < 300, answer.text


def owners(server: TestServer, project: str) -> list[int]:
    found = server.get(f"/api/admin/projects/{project}/access").json()["users"]
    return [each["id"] for each in found if OWNER in each["roles"]]


@pytest.mark.causes("project-access-user-roles-updated", action="DELETE /api/admin/user-admin/{id}")
def test_what_somebody_alone_owns_goes_to_who_deletes_them(server: TestServer) -> None:
    ada, eve, boss = person(server, "ada"), person(server, "eve"), person(server, "boss", "Admin")
    own(server, "alone", ada.id)
    own(server, "together", ada.id, eve.id)
    before = server.last_id()
    assert server.delete(f"/api/admin/user-admin/{ada.id}", token=boss.token).status_code == 200
    assert (owners(server, "alone"), owners(server, "together")) == ([boss.id], [eve.id])
    events = [each for each in server.events_after(before) if each["type"].startswith("project-access")]
    assert [(each["project"], each["type"], each["createdByUserId"]) for each in events] == [
        ("alone", "project-access-user-roles-deleted", boss.id),
        ("alone", "project-access-user-roles-updated", boss.id),
        ("together", "project-access-user-roles-deleted", boss.id),
    ]
    assert (events[1]["preData"], events[1]["data"]) == (
        {"userId": boss.id, "roles": []},
        {"userId": boss.id, "roles": [OWNER]},
    )
    assert server.delete(f"/api/admin/user-admin/{eve.id}").status_code == 200
    assert owners(server, "together") == [1], "a token is nobody who could own anything"


def test_who_is_switched_off_by_a_provider(server: TestServer) -> None:
    server.post("/api/admin/scim-settings", json={"enabled": True})
    token = server.post("/api/admin/scim-settings/generate-new-token").json()["token"]
    body = {"schemas": [SCIM_USER], "userName": "kim@example.com", "externalId": "7", "active": True}
    kim = server.post("/scim/v2/Users", json=body, token=token).json()["id"]
    own(server, "alone", int(kim))
    gone = server.put(f"/scim/v2/Users/{kim}", json={**body, "active": False}, token=token)
    assert gone.status_code == 200, gone.text
    assert owners(server, "alone") == [1]
