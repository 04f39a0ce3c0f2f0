"""Banners over HTTP."""

from typing import Any

import pytest

from flagkeeper.features.banners.model import LONGEST_LINE, LONGEST_MESSAGE, MOST_BANNERS
from tests.people import person
from tests.server import BACKEND, TestServer

BANNERS = "/api/admin/banners"
FULL = {
    "message": "**Release** at six\nNo changes after five",
    "enabled": False,
    "variant": "warning",
    "sticky": True,
    "icon": "schedule",
    "link": "dialog",
    "linkText": "Why?",
    "dialogTitle": "Release 8",
    "dialog": "# All of it\n<script>alert(1)</script>",
}
PLAIN = {
    "enabled": True,
    "variant": "info",
    "sticky": False,
    **dict.fromkeys(("icon", "link", "linkText", "dialogTitle", "dialog")),
}


def create(server: TestServer, **body: Any) -> dict[str, Any]:
    answer = server.post(BANNERS, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"banners/{made['id']}"
    return made


def listed(server: TestServer, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get(BANNERS, **more).json()["banners"]
    return found


@pytest.mark.causes("banner-created", action="POST /api/admin/banners")
def test_a_banner_is_created_and_seen_by_everybody(server: TestServer) -> None:
    before = server.last_id()
    plain, full = create(server, message="Hello"), create(server, **FULL)
    assert plain.items() >= {**PLAIN, "message": "Hello"}.items()
    assert full.items() >= FULL.items()
    assert full["createdAt"] >= plain["createdAt"]

    first, second = server.events_after(before)
    assert (first["type"], first["data"], first["preData"]) == ("banner-created", plain, None)
    assert second["data"] == full
    assert r"created banner **\*\*Release\*\* at six" in second["summary"], "no markup comes out of a message"
    assert listed(server, token=person(server, "vera").token) == [full, plain]


@pytest.mark.causes("banner-updated", action="PUT /api/admin/banners/{id}")
def test_a_banner_is_replaced_and_stays_off(server: TestServer) -> None:
    old = create(server, **FULL)
    before = server.last_id()
    first, new = (server.put(f"{BANNERS}/{old['id']}", json={"message": "Over"}).json() for _ in range(2))
    kept = {"id": old["id"], "createdAt": old["createdAt"], "enabled": False}
    assert first == new == {**PLAIN, "message": "Over", **kept}
    (event,) = server.events_after(before)
    assert (event["type"], event["data"], event["preData"]) == ("banner-updated", new, old)
    assert server.put(f"{BANNERS}/{old['id']}", json={"message": "Over", "enabled": True}).json()["enabled"]
    assert server.put(f"{BANNERS}/{old['id']}", json={"message": "Over"}).json()["enabled"]


@pytest.mark.causes("banner-updated", action="POST /api/admin/banners/{id}/on")
@pytest.mark.causes("banner-updated", action="POST /api/admin/banners/{id}/off")
def test_on_and_off(server: TestServer) -> None:
    made = create(server, message="Hello")
    before = server.last_id()
    for switch in ("on", "off", "off", "on"):
        answer = server.post(f"{BANNERS}/{made['id']}/{switch}")
        assert (answer.status_code, answer.json()) == (200, {**made, "enabled": switch == "on"})
    events = server.events_after(before)
    assert [(each["preData"]["enabled"], each["data"]["enabled"]) for each in events] == [(True, False), (False, True)]


@pytest.mark.causes("banner-deleted", action="DELETE /api/admin/banners/{id}")
def test_a_banner_is_deleted_and_its_id_never_given_again(server: TestServer) -> None:
    made = create(server, message="Hello")
    before = server.last_id()
    assert server.delete(f"{BANNERS}/{made['id']}").status_code == 200
    assert listed(server) == []
    (event,) = server.events_after(before)
    assert (event["type"], event["data"], event["preData"]) == ("banner-deleted", None, made)
    for method, path in (("DELETE", ""), ("PUT", ""), ("POST", "/on"), ("POST", "/off")):
        gone = server.request(method, f"{BANNERS}/{made['id']}{path}", json=FULL if method == "PUT" else None)
        assert (gone.status_code, gone.json()["name"]) == (404, "NotFoundError")
    assert create(server, message="Hello")["id"] > made["id"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "/body/message"),
        ({"message": " \n"}, "/body/message"),
        ({"message": "x" * (LONGEST_MESSAGE + 1)}, "/body/message"),
        ({"message": "turned \u202e around"}, "/body/message"),
        ({"message": "x", "variant": "danger"}, "/body/variant"),
        ({"message": "x", "link": "javascript:alert(1)"}, "/body/link"),
        ({"message": "x", "link": "//elsewhere.example"}, "/body/link"),
        ({"message": "x", "link": "data:text/html,x"}, "/body/link"),
        ({"message": "x", "link": "https://"}, "/body/link"),
        ({"message": "x", "link": "/" + "x" * LONGEST_LINE}, "/body/link"),
        ({"message": "x", "link": "dialog"}, "/body/dialog"),
        ({"message": "x", "linkText": "two\nlines"}, "/body/linkText"),
        ({"message": "x", "icon": "x" * (LONGEST_LINE + 1)}, "/body/icon"),
    ],
)
def test_what_cannot_be_a_banner(server: TestServer, body: dict[str, Any], path: str) -> None:
    made = create(server, message="Hello", link="https://example.com/x", dialog="y")
    before = server.last_id()
    for method, at in (("POST", BANNERS), ("PUT", f"{BANNERS}/{made['id']}")):
        answer = server.request(method, at, json=body)
        assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, path), answer.text
    assert (server.last_id(), listed(server)) == (before, [made])


def test_there_are_only_so_many(server: TestServer) -> None:
    for number in range(MOST_BANNERS):
        create(server, message=f"Banner {number}")
    refused = server.post(BANNERS, json={"message": "One more"})
    assert (refused.status_code, len(listed(server))) == (400, MOST_BANNERS)


def test_only_those_who_may_change_banners_do(server: TestServer) -> None:
    made = create(server, message="Hello")
    for token in (person(server, "ed", "Editor").token, person(server, "vera").token):
        before = server.last_id()
        for method, path in (
            ("POST", BANNERS),
            ("PUT", f"{BANNERS}/{made['id']}"),
            ("DELETE", f"{BANNERS}/{made['id']}"),
            ("POST", f"{BANNERS}/{made['id']}/off"),
        ):
            answer = server.request(method, path, token=token, json={"message": "x"})
            assert (answer.status_code, answer.json()["name"]) == (403, "PermissionError")
        assert server.last_id() == before
    assert server.get(BANNERS, token=BACKEND).status_code == 403
    assert listed(server) == [made]
