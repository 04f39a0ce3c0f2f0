"""Tags and tag types over HTTP."""

from typing import Any

import pytest

from tests.people import person
from tests.server import BACKEND, TestServer

TYPES = "/api/admin/tag-types"
TAGS = "/api/admin/tags"
TEAM = {"name": "team", "description": "Who owns it", "icon": "T", "color": "#00AA00"}
SIMPLE = {"name": "simple", "icon": "#", "color": "#FFFFFF"}


def tag_flag(server: TestServer, flag: str, type_: str, value: str) -> None:
    server.post("/api/admin/projects/default/features", json={"name": flag})
    answer = server.post(f"/api/admin/features/{flag}/tags", json={"type": type_, "value": value})
    assert answer.status_code == 201, answer.text


def tags_of(server: TestServer, flag: str) -> list[str]:
    return [each["value"] for each in server.get(f"/api/admin/features/{flag}/tags").json()["tags"]]


def kinds(events: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(each["type"], each["featureName"]) for each in events]


@pytest.mark.causes("tag-type-created", action="POST /api/admin/tag-types")
def test_a_tag_type(server: TestServer) -> None:
    before = server.last_id()
    answer = server.post(TYPES, json=TEAM)
    assert (answer.status_code, answer.json()) == (201, TEAM)
    assert answer.headers["location"] == "tag-types/team"
    assert server.get(f"{TYPES}/team").json() == TEAM
    found = server.get(TYPES).json()
    assert found["version"] == 1
    assert [each["name"] for each in found["tagTypes"]] == ["simple", "team"]
    assert SIMPLE.items() <= found["tagTypes"][0].items()

    (event,) = server.events_after(before)
    assert (event["type"], event["data"], event["preData"]) == ("tag-type-created", TEAM, None)


@pytest.mark.causes("tag-type-updated", action="PUT /api/admin/tag-types/{name}")
def test_a_changed_tag_type(server: TestServer) -> None:
    server.post(TYPES, json=TEAM)
    before = server.last_id()
    for _ in range(2):
        assert server.put(f"{TYPES}/team", json={"color": None, "description": "Owner"}).status_code == 200
    changed = {**TEAM, "color": None, "description": "Owner"}
    assert server.get(f"{TYPES}/team").json() == changed
    (event,) = server.events_after(before)
    assert (event["type"], event["data"], event["preData"]) == ("tag-type-updated", changed, TEAM)


@pytest.mark.causes("tag-type-deleted", "tag-deleted", "feature-untagged", action="DELETE /api/admin/tag-types/{name}")
def test_a_deleted_type_takes_its_tags_along(server: TestServer) -> None:
    server.post(TYPES, json=TEAM)
    tag_flag(server, "checkout", "team", "core")
    tag_flag(server, "checkout", "simple", "stays")
    server.post(TAGS, json={"type": "team", "value": "unused"})
    before = server.last_id()
    assert server.delete(f"{TYPES}/team").status_code == 200

    found = server.events_after(before)
    assert kinds(found) == [
        ("feature-untagged", "checkout"),
        ("tag-deleted", None),
        ("tag-deleted", None),
        ("tag-type-deleted", None),
    ]
    assert (found[-1]["data"], found[-1]["preData"]) == ({"name": "team"}, TEAM)
    assert len({each["groupId"] for each in found}) == 1
    assert tags_of(server, "checkout") == ["stays"]
    assert server.get(TAGS).json()["tags"] == [{"type": "simple", "value": "stays", "color": "#FFFFFF"}]
    assert server.get(f"{TYPES}/team").status_code == 404


@pytest.mark.causes("tag-created", action="POST /api/admin/tags")
def test_a_tag(server: TestServer) -> None:
    before = server.last_id()
    answer = server.post(TAGS, json={"type": "simple", "value": " core team "})
    made = {"type": "simple", "value": "core team"}
    kept = {**made, "color": "#FFFFFF"}
    assert (answer.status_code, answer.json()) == (201, {"version": 1, "tag": kept})
    assert answer.headers["location"] == "tags/simple/core%20team"
    assert server.get(f"{TAGS}/simple/core%20team").json() == {"version": 1, "tag": kept}
    assert server.get(f"{TAGS}/simple").json() == {"version": 1, "tags": [kept]}
    assert server.get(f"{TAGS}/nobody").json() == {"version": 1, "tags": []}

    (event,) = server.events_after(before)
    assert (event["type"], event["data"], event["featureName"], event["tags"]) == ("tag-created", made, None, [])


def test_a_tag_of_a_type_without_a_colour(server: TestServer) -> None:
    server.post(TYPES, json={**TEAM, "color": None})
    bare = {"type": "team", "value": "core"}
    assert server.post(TAGS, json={**bare, "color": "#123456"}).json() == {"version": 1, "tag": bare}
    tag_flag(server, "checkout", "team", "core")
    assert server.events()[0]["tags"] == [bare]
    assert server.get(TAGS).json()["tags"] == [bare]


def test_tags_have_the_colour_that_their_type_has_now(server: TestServer) -> None:
    server.post(TYPES, json=TEAM)
    tag_flag(server, "checkout", "team", "core")
    server.put(f"{TYPES}/team", json={"color": "#123456"})
    before = server.last_id()
    flag = "/api/admin/projects/default/features/checkout"
    server.post(f"{flag}/environments/production/on")
    server.put(flag, json={"description": "new"})
    server.delete("/api/admin/features/checkout/tags/team/core")
    old, now = ([{"type": "team", "value": "core", "color": color}] for color in (TEAM["color"], "#123456"))
    assert all(each["tags"] == now for each in server.events_after(before))
    assert [each["tags"] for each in server.events_after(0) if each["type"] == "feature-tagged"] == [old]
    assert server.get(TAGS).json()["tags"] == server.get(f"{TAGS}/team").json()["tags"] == now


@pytest.mark.causes("tag-created", action="POST /api/admin/features/{featureName}/tags")
def test_tagging_a_flag_makes_the_tag(server: TestServer) -> None:
    server.post("/api/admin/projects/default/features", json={"name": "checkout"})
    before = server.last_id()
    tag_flag(server, "checkout", "simple", "core")
    created, tagged = [each for each in server.events_after(before) if each["type"] != "feature-created"]
    assert (created["type"], created["featureName"], created["project"]) == ("tag-created", "checkout", None)
    assert tagged["type"] == "feature-tagged"
    assert server.get(f"{TAGS}/simple/core").status_code == 200


@pytest.mark.causes("tag-deleted", "feature-untagged", action="DELETE /api/admin/tags/{type}/{value}")
def test_a_deleted_tag_is_taken_off_all_flags(server: TestServer) -> None:
    for flag in ("checkout", "archived"):
        tag_flag(server, flag, "simple", "core")
    server.delete("/api/admin/projects/default/features/archived")
    before = server.last_id()
    assert server.delete(f"{TAGS}/simple/core").status_code == 200

    *untagged, deleted = server.events_after(before)
    assert sorted(kinds(untagged)) == [("feature-untagged", "archived"), ("feature-untagged", "checkout")]
    assert all(each["data"] == {"type": "simple", "value": "core"} for each in untagged)
    assert (deleted["type"], deleted["data"], deleted["preData"], deleted["featureName"]) == (
        "tag-deleted",
        {"type": "simple", "value": "core"},
        None,
        None,
    )
    assert tags_of(server, "checkout") == []
    assert server.delete(f"{TAGS}/simple/core").status_code == 404


def test_a_value_may_have_a_slash(server: TestServer) -> None:
    server.post(TAGS, json={"type": "simple", "value": "web/checkout"})
    assert server.get(f"{TAGS}/simple/web%2Fcheckout").json()["tag"]["value"] == "web/checkout"
    assert server.delete(f"{TAGS}/simple/web%2Fcheckout").status_code == 200
    assert server.get(TAGS).json()["tags"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "simple", "value": "taken"}, 409),
        ({"type": "nobody", "value": "core"}, 400),
        ({"type": "simple", "value": "a"}, 400),
        ({"type": "simple", "value": "  a  "}, 400),
        ({"type": "simple", "value": "x" * 51}, 400),
        ({"type": "simple"}, 400),
        ({"type": "simple", "value": 7}, 400),
    ],
)
def test_a_tag_that_cannot_be_made(server: TestServer, body: dict[str, Any], status: int) -> None:
    server.post(TAGS, json={"type": "simple", "value": "taken"})
    before = server.last_id()
    answer = server.post(TAGS, json=body)
    assert answer.status_code == status
    assert {"id", "name", "message", "details"} <= answer.json().keys()
    assert server.last_id() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "simple"}, 409),
        ({"name": "a"}, 400),
        ({"name": "a b"}, 400),
        ({"name": "team", "color": "green"}, 400),
        ({"name": "team", "description": [7]}, 400),
        ({}, 400),
    ],
)
def test_a_tag_type_that_cannot_be_made(server: TestServer, body: dict[str, Any], status: int) -> None:
    before = server.last_id()
    for path in (TYPES, f"{TYPES}/validate"):
        answer = server.post(path, json=body)
        assert answer.status_code == status
        assert {"id", "name", "message", "details"} <= answer.json().keys()
    assert server.last_id() == before


def test_a_tag_type_that_could_be_made(server: TestServer) -> None:
    answer = server.post(f"{TYPES}/validate", json=TEAM)
    assert (answer.status_code, answer.json()) == (200, {"valid": True, "tagType": TEAM})
    assert server.get(f"{TYPES}/team").status_code == 404


def test_unknown_tags_and_types(server: TestServer) -> None:
    answers = [
        server.get(f"{TYPES}/nobody"),
        server.put(f"{TYPES}/nobody", json={}),
        server.delete(f"{TYPES}/nobody"),
        server.get(f"{TAGS}/simple/nobody"),
        server.delete(f"{TAGS}/simple/nobody"),
        server.delete(f"{TAGS}/nobody/nobody"),
    ]
    assert [each.status_code for each in answers] == [404] * 6


def test_only_people_who_may_are_let_in(server: TestServer) -> None:
    viewer, editor = person(server, "viewer").token, person(server, "editor", "Editor").token
    server.post(TAGS, json={"type": "simple", "value": "core"})
    before = server.last_id()
    for method, path, body in (
        ("POST", TYPES, TEAM),
        ("PUT", f"{TYPES}/simple", {"description": "other"}),
        ("DELETE", f"{TYPES}/simple", None),
        ("DELETE", f"{TAGS}/simple/core", None),
    ):
        more: dict[str, Any] = {} if body is None else {"json": body}
        for token in (viewer, BACKEND):
            assert server.request(method, path, token=token, **more).status_code == 403
        assert server.request(method, path, token=None, **more).status_code == 401
    assert server.events_after(before) == []
    assert server.get(TAGS, token=viewer).status_code == 200
    assert server.get(TAGS, token=None).status_code == 401
    assert server.delete(f"{TAGS}/simple/core", token=editor).status_code == 200
