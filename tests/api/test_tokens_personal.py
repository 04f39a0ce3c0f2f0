"""Personal access tokens over HTTP."""

import re
from typing import Any

import pytest

from flagkeeper.features.tokens import commands
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.credentials.slice import CREDENTIALS
from tests.people import Person, browser, person
from tests.server import ADMIN, BACKEND, TestServer

PATS = "/api/admin/user/tokens"
FUTURE = "2099-01-01T00:00:00.000Z"


def make(server: TestServer, who: Person, description: str = "ci") -> dict[str, Any]:
    answer = server.post(PATS, json={"description": description, "expiresAt": FUTURE}, token=who.token)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def descriptions(server: TestServer, who: Person) -> list[str]:
    return [pat["description"] for pat in server.get(PATS, token=who.token).json()["pats"]]


@pytest.mark.causes("pat-created", action="POST /api/admin/user/tokens")
def test_making_one(server: TestServer) -> None:
    ada = person(server, "ada", "Editor", email="ada@example.com")
    before = server.last_id()
    made = make(server, ada)
    assert re.fullmatch(r"user:[0-9a-f]{56}", made["secret"])
    assert {**made, "secret": "", "createdAt": ""} == {
        "id": 2,
        "userId": ada.id,
        "description": "ci",
        "expiresAt": FUTURE,
        "createdAt": "",
        "seenAt": None,
        "secret": "",
    }
    (event,) = server.events_after(before)
    assert (
        event.items()
        >= {
            "type": "pat-created",
            "createdBy": "ada@example.com",
            "createdByUserId": ada.id,
            "data": {"id": 2, "description": "ci", "expiresAt": FUTURE, "secure": True},
            "preData": None,
        }.items()
    )
    found = server.get(PATS, token=ada.token).json()["pats"]
    assert [pat["id"] for pat in found] == [1, 2]
    assert "secret" not in found[1]


def test_it_acts_as_its_owner(server: TestServer) -> None:
    ada = person(server, "ada", "Editor")
    secret = make(server, ada)["secret"]
    me = server.get("/api/admin/user", token=secret).json()
    assert me["user"]["username"] == "ada"
    before = server.last_id()
    assert server.post("/api/admin/segments", json={"name": "s", "constraints": []}, token=secret).status_code == 201
    assert server.get("/api/admin/user-admin", token=secret).status_code == 403
    (event,) = server.events_after(before)
    assert (event["createdBy"], event["createdByUserId"], event["ip"]) == ("ada", ada.id, "127.0.0.1")


def test_a_session_makes_them_too(server: TestServer) -> None:
    person(server, "ada")
    with browser(server, "ada") as ada:
        assert ada.post(PATS, json={"description": "ci", "expiresAt": FUTURE}).status_code == 201
        assert len(ada.get(PATS).json()["pats"]) == 2


@pytest.mark.parametrize("token", [ADMIN, BACKEND])
def test_tokens_that_belong_to_nobody_have_none(server: TestServer, token: str) -> None:
    body = {"description": "ci", "expiresAt": FUTURE}
    for answer in (
        server.post(PATS, json=body, token=token),
        server.get(PATS, token=token),
        server.delete(f"{PATS}/1", token=token),
    ):
        assert (answer.status_code, answer.json()["name"]) == (403, "ForbiddenError")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"description": "ci"},
        {"expiresAt": FUTURE},
        {"description": " ", "expiresAt": FUTURE},
        {"description": "ci", "expiresAt": None},
        {"description": "ci", "expiresAt": "never"},
        {"description": "ci", "expiresAt": "2001-01-01T00:00:00Z"},
    ],
)
def test_those_that_cannot_be(server: TestServer, body: dict[str, str]) -> None:
    ada = person(server, "ada")
    before = server.last_id()
    assert server.post(PATS, json=body, token=ada.token).status_code == 400
    assert server.events_after(before) == []


def test_descriptions_are_unique_per_user(server: TestServer) -> None:
    ada, eve = person(server, "ada"), person(server, "eve")
    make(server, ada)
    answer = server.post(PATS, json={"description": "ci", "expiresAt": FUTURE}, token=ada.token)
    assert (answer.status_code, answer.json()["name"]) == (409, "NameExistsError")
    make(server, eve)


def test_ten_are_enough(server: TestServer) -> None:
    ada = person(server, "ada")
    for number in range(9):
        make(server, ada, str(number))
    answer = server.post(PATS, json={"description": "one more", "expiresAt": FUTURE}, token=ada.token)
    assert (answer.status_code, answer.json()["name"]) == (400, "ExceedsLimitError")


@pytest.mark.causes("pat-deleted", action="DELETE /api/admin/user/tokens/{id}")
def test_revoking_one_has_effect_at_once(server: TestServer) -> None:
    ada, eve = person(server, "ada"), person(server, "eve")
    made = make(server, ada)
    before = server.last_id()
    assert server.delete(f"{PATS}/{made['id']}", token=eve.token).status_code == 200
    assert descriptions(server, ada) == ["test", "ci"]
    answer = server.delete(f"{PATS}/{made['id']}", token=ada.token)
    assert (answer.status_code, answer.content) == (200, b"")
    assert server.get(PATS, token=made["secret"]).status_code == 401
    (event,) = server.events_after(before)
    assert (event["type"], event["preData"]) == ("pat-deleted", None)
    assert event["data"] == {"id": made["id"], "description": "ci", "expiresAt": FUTURE, "secure": True}
    assert server.delete(f"{PATS}/{made['id']}", token=ada.token).status_code == 200
    assert len(server.events_after(before)) == 1


def test_it_expires(server: TestServer) -> None:
    ada = person(server, "ada")
    services = server.services
    soon = clock.now() + 700
    _, secret = server.call(services.units.run(SYSTEM, commands.create_pat, ada.id, "short", soon))
    server.call(services[CREDENTIALS].reached(services.log_signal.last_id))
    assert server.get(PATS, token=secret).status_code == 200
    while clock.now() < soon:
        pass
    assert server.get(PATS, token=secret).status_code == 401
    assert descriptions(server, ada) == ["test", "short"]


@pytest.mark.parametrize(("pat_id", "status"), [("abc", 404), ("1.5", 404), ("-1", 200), ("9" * 20, 404)])
def test_an_id_that_is_none(server: TestServer, pat_id: str, status: int) -> None:
    ada = person(server, "ada")
    assert server.delete(f"{PATS}/{pat_id}", token=ada.token).status_code == status
