"""Tags on flags, over HTTP."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.people import person
from tests.server import TestServer

FLAGS = "/api/admin/projects/default/features"
TAGS = "/api/admin/features/checkout/tags"
PATH = "/api/admin/features/{featureName}/tags"
BULK = "/api/admin/projects/{projectId}/tags"
CORE = {"type": "simple", "value": "core"}
NEW = {"type": "simple", "value": "new"}
SHOWN_CORE, SHOWN_NEW = {**CORE, "color": "#FFFFFF"}, {**NEW, "color": "#FFFFFF"}


@pytest.fixture(autouse=True)
def flag(server: TestServer) -> None:
    assert server.post(FLAGS, json={"name": "checkout", "tags": [CORE]}).status_code == 201


def kinds(events: list[dict[str, Any]]) -> list[tuple[str, str | None, Any]]:
    return [(each["type"], each["featureName"], each["data"]) for each in events]


@pytest.mark.causes("tag-created", "feature-tagged", action="POST /api/admin/features/{featureName}/tags")
def test_a_new_tag(server: TestServer) -> None:
    before = server.last_id()
    for _ in range(2):
        answer = server.post(TAGS, json=NEW)
        assert (answer.status_code, answer.json()) == (201, SHOWN_NEW)
        assert answer.headers["location"] == "checkout/tags"
    created, tagged = server.events_after(before)
    assert kinds([created, tagged]) == [("tag-created", "checkout", NEW), ("feature-tagged", "checkout", NEW)]
    assert (created["project"], tagged["project"]) == (None, "default")
    assert (tagged["preData"], created["tags"], tagged["tags"]) == (None, [SHOWN_CORE], [SHOWN_CORE, SHOWN_NEW])
    assert created["groupId"] == tagged["groupId"]
    found = server.get(TAGS).json()
    assert found == {"version": 1, "tags": [SHOWN_CORE, SHOWN_NEW]}


@pytest.mark.causes("feature-tagged", action="POST /api/admin/features/{featureName}/tags")
def test_a_tag_that_there_was(server: TestServer) -> None:
    server.post("/api/admin/tags", json=NEW)
    before = server.last_id()
    server.post(TAGS, json={**NEW, "color": "#FFFFFF"})
    assert kinds(server.events_after(before)) == [("feature-tagged", "checkout", NEW)]


@pytest.mark.causes("feature-untagged", action="DELETE /api/admin/features/{featureName}/tags/{type}/{value}")
def test_a_tag_taken_off(server: TestServer) -> None:
    server.post(TAGS, json=NEW)
    before = server.last_id()
    for _ in range(2):
        answer = server.delete(f"{TAGS}/simple/core")
        assert (answer.status_code, answer.content) == (200, b"")
    (event,) = server.events_after(before)
    assert kinds([event]) == [("feature-untagged", "checkout", CORE)]
    assert (event["preData"], event["tags"], event["project"]) == (None, [SHOWN_CORE, SHOWN_NEW], "default")
    assert server.get("/api/admin/tags").json()["tags"] == [SHOWN_CORE, SHOWN_NEW]


@pytest.mark.parametrize("value", ["a/b", "a b", "100%", "ünï", "a?b#c"])
def test_any_value_can_be_taken_off(server: TestServer, value: str) -> None:
    assert server.post(TAGS, json={"type": "simple", "value": value}).status_code == 201
    assert server.delete(f"{TAGS}/simple/{quote(value, safe='')}").status_code == 200
    assert [each["value"] for each in server.get(TAGS).json()["tags"]] == ["core"]


@pytest.mark.causes(
    "tag-created", "feature-tagged", "feature-untagged", action="PUT /api/admin/features/{featureName}/tags"
)
def test_several_at_once(server: TestServer) -> None:
    before = server.last_id()
    answer = server.put(TAGS, json={"addedTags": [NEW], "removedTags": [CORE]})
    assert (answer.status_code, answer.json()) == (200, {"version": 1, "tags": [SHOWN_NEW]})
    found = server.events_after(before)
    assert kinds(found) == [
        ("tag-created", "checkout", NEW),
        ("feature-tagged", "checkout", NEW),
        ("feature-untagged", "checkout", CORE),
    ]
    assert [each["tags"] for each in found] == [[SHOWN_CORE], [SHOWN_CORE, SHOWN_NEW], [SHOWN_CORE, SHOWN_NEW]]


@pytest.mark.causes(
    "tag-created", "feature-tagged", "feature-untagged", action="PUT /api/admin/projects/{projectId}/tags"
)
def test_several_flags_at_once(server: TestServer) -> None:
    server.post(FLAGS, json={"name": "banner"})
    before = server.last_id()
    body = {"features": ["checkout", "banner"], "tags": {"addedTags": [NEW], "removedTags": [CORE]}}
    for _ in range(2):
        answer = server.put("/api/admin/projects/default/tags", json=body)
        assert (answer.status_code, answer.content) == (200, b"")
    assert kinds(server.events_after(before)) == [
        ("tag-created", "banner", NEW),
        ("feature-tagged", "banner", NEW),
        ("feature-tagged", "checkout", NEW),
        ("feature-untagged", "checkout", CORE),
    ]
    before = server.last_id()
    body["features"] = ["checkout", "nobody"]
    assert server.put("/api/admin/projects/default/tags", json=body).status_code == 200
    assert server.put("/api/admin/projects/nowhere/tags", json=body).status_code == 404
    assert server.events_after(before) == []


def many_tags(number: int, start: int = 0) -> list[dict[str, str]]:
    return [{"type": "simple", "value": f"tag-{start + i:04}"} for i in range(number)]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", TAGS, {"addedTags": many_tags(8_000), "removedTags": []}),
        ("PUT", TAGS, {"addedTags": [], "removedTags": many_tags(101)}),
        (
            "PUT",
            "/api/admin/projects/default/tags",
            {"features": ["checkout"], "tags": {"addedTags": many_tags(8_000), "removedTags": []}},
        ),
        (
            "PUT",
            "/api/admin/projects/default/tags",
            {"features": ["checkout"] * 101, "tags": {"addedTags": many_tags(50), "removedTags": many_tags(50)}},
        ),
        ("POST", FLAGS, {"name": "banner", "tags": many_tags(101)}),
    ],
)
def test_too_many_tags_at_once_are_refused_before_anything_is_done(
    server: TestServer, method: str, path: str, body: Any
) -> None:
    before = server.last_id()
    answer = server.request(method, path, json=body)
    assert (answer.status_code, answer.json()["name"]) == (400, "BadDataError")
    assert any(said in answer.json()["details"][0]["message"] for said in ("length <= 100", "At most 10000"))
    assert server.events_after(before) == []
    assert [each["value"] for each in server.get("/api/admin/tags").json()["tags"]] == [CORE["value"]]


def test_a_flag_has_a_hundred_tags_at_most(server: TestServer) -> None:
    """Every event about it shows them all."""
    assert server.put(TAGS, json={"addedTags": many_tags(99), "removedTags": []}).status_code == 200
    before = server.last_id()
    bulk = {"features": ["checkout"], "tags": {"addedTags": [NEW], "removedTags": []}}
    for answer in (
        server.post(TAGS, json=NEW),
        server.put(TAGS, json={"addedTags": [NEW], "removedTags": [CORE]}),
        server.put("/api/admin/projects/default/tags", json=bulk),
    ):
        assert (answer.status_code, answer.json()["name"]) == (400, "ExceedsLimitError")
    assert server.events_after(before) == []
    assert server.post(TAGS, json=CORE).status_code == 201
    assert server.put(TAGS, json={"addedTags": [CORE], "removedTags": many_tags(1)}).status_code == 200
    assert server.post(TAGS, json=NEW).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "nope", "value": "new"}, 400),
        ({"type": "simple", "value": "x"}, 400),
        ({"type": "simple", "value": "x" * 51}, 400),
        ({"type": "simple"}, 400),
        ({"type": "simple", "value": 7}, 400),
    ],
)
def test_tags_that_cannot_be(server: TestServer, body: Any, status: int) -> None:
    before = server.last_id()
    assert server.post(TAGS, json=body).status_code == status
    assert server.put(TAGS, json={"addedTags": [NEW, body], "removedTags": []}).status_code == status
    assert server.events_after(before) == []
    assert server.get(TAGS).json()["tags"] == [SHOWN_CORE]


def test_flags_that_are_not_there(server: TestServer) -> None:
    nobody = TAGS.replace("checkout", "nobody")
    assert server.get(nobody).status_code == 404
    assert server.post(nobody, json=NEW).status_code == 404
    assert server.put(nobody, json={"addedTags": [], "removedTags": []}).status_code == 404
    assert server.delete(f"{nobody}/simple/core").status_code == 404
    server.delete(f"{FLAGS}/checkout")
    assert server.get(TAGS).status_code == 404
    assert server.post(TAGS, json=NEW).status_code == 404


def test_only_people_who_may_are_let_in(server: TestServer) -> None:
    viewer, editor = person(server, "viewer"), person(server, "editor", "Editor")
    before = server.last_id()
    changes = {"addedTags": [NEW], "removedTags": []}
    for answer in (
        server.post(TAGS, json=NEW, token=viewer.token),
        server.put(TAGS, json=changes, token=viewer.token),
        server.delete(f"{TAGS}/simple/core", token=viewer.token),
        server.put(
            "/api/admin/projects/default/tags", json={"features": ["checkout"], "tags": changes}, token=viewer.token
        ),
    ):
        assert (answer.status_code, answer.json()["permissions"]) == (403, ["UPDATE_FEATURE"])
    assert server.events_after(before) == []
    assert server.get(TAGS, token=viewer.token).status_code == 200
    assert server.post(TAGS, json=NEW, token=editor.token).status_code == 201


def test_flags_of_a_project_by_tag_and_by_prefix(server: TestServer) -> None:
    server.post(FLAGS, json={"name": "banner", "tags": [NEW]})
    server.post(FLAGS, json={"name": "bare"})

    def listed(**asked: Any) -> list[str]:
        return [each["name"] for each in server.get(FLAGS, params=asked).json()["features"]]

    assert listed() == ["banner", "bare", "checkout"]
    assert listed(tag="simple:new") == ["banner"]
    assert listed(tag=["simple:new", "simple:core"]) == ["banner", "checkout"]
    assert listed(tag="simple:none") == []
    assert listed(namePrefix="ba") == ["banner", "bare"]
    assert listed(namePrefix="ba", tag="simple:core") == []
    for wrong in ("simple", ":new", "simple:", ""):
        answer = server.get(FLAGS, params={"tag": wrong})
        assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, "/query/tag")
