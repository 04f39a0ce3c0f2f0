"""Archiving, reviving and deleting flags, and doing things to many at once, over HTTP."""

from typing import Any

import pytest

from tests.people import person
from tests.server import TestServer

PROJECT = "/api/admin/projects/default"
PATH = "/api/admin/projects/{projectId}"
FLAGS = f"{PROJECT}/features"
NAMES = ["a", "b", "c"]


@pytest.fixture(autouse=True)
def flags(server: TestServer) -> None:
    for name in NAMES:
        tags = [{"type": "simple", "value": f"of-{name}"}]
        assert server.post(FLAGS, json={"name": name, "tags": tags}).status_code == 201


def bulk(server: TestServer, action: str, names: list[str], **more: Any) -> tuple[int, bytes]:
    answer = server.post(f"{PROJECT}/{action}", json={"features": names, **more})
    return answer.status_code, answer.content


def kinds(events: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(each["type"], each["featureName"]) for each in events]


@pytest.mark.causes("feature-archived", action="DELETE /api/admin/projects/{projectId}/features/{featureName}")
@pytest.mark.causes("feature-revived", action="POST /api/admin/archive/revive/{featureName}")
@pytest.mark.causes("feature-deleted", action="DELETE /api/admin/archive/{featureName}")
def test_the_end_of_a_flag(server: TestServer) -> None:
    server.post(f"{FLAGS}/a/environments/production/on")
    before = server.last_id()
    for _ in range(2):
        assert server.delete("/api/admin/archive/a").status_code == 200
        answer = server.delete(f"{FLAGS}/a")
        assert (answer.status_code, answer.content) == (202, b"")
        assert server.get(f"{FLAGS}/a").status_code == 404
        assert server.post(FLAGS, json={"name": "a"}).status_code == 409
        for _ in range(2):
            answer = server.post("/api/admin/archive/revive/a")
            assert (answer.status_code, answer.content) == (200, b"")
        assert not server.get(f"{FLAGS}/a/environments/production").json()["enabled"]
    server.delete(f"{FLAGS}/a")
    for _ in range(2):
        answer = server.delete("/api/admin/archive/a")
        assert (answer.status_code, answer.content) == (200, b"")
    found = server.events_after(before)
    assert kinds(found) == [
        ("feature-archived", "a"),
        ("feature-revived", "a"),
        ("feature-archived", "a"),
        ("feature-revived", "a"),
        ("feature-archived", "a"),
        ("feature-deleted", "a"),
    ]
    assert all((each["data"], each["preData"], each["project"]) == (None, None, "default") for each in found[:5])
    deleted = found[-1]
    assert (deleted["data"], deleted["preData"]["name"], deleted["preData"]["archived"]) == (None, "a", True)
    assert deleted["preData"]["archivedAt"] is not None
    assert all(each["tags"] == [{"type": "simple", "value": "of-a", "color": "#FFFFFF"}] for each in found)
    assert server.post("/api/admin/archive/revive/a").status_code == 404
    assert server.post(FLAGS, json={"name": "a"}).status_code == 201


@pytest.mark.causes("feature-archived", action="POST /api/admin/projects/{projectId}/archive")
@pytest.mark.causes("feature-revived", action="POST /api/admin/projects/{projectId}/revive")
@pytest.mark.causes("feature-deleted", action="POST /api/admin/projects/{projectId}/delete")
def test_the_end_of_many(server: TestServer) -> None:
    before = server.last_id()
    assert bulk(server, "delete", NAMES) == (200, b"")
    assert bulk(server, "archive", ["b", "a"]) == (202, b"")
    assert bulk(server, "archive", NAMES) == (202, b"")
    assert bulk(server, "revive", ["c"]) == (200, b"")
    assert bulk(server, "delete", [*NAMES, "gone"]) == (200, b"")
    found = server.events_after(before)
    assert kinds(found) == [
        ("feature-archived", "a"),
        ("feature-archived", "b"),
        ("feature-archived", "c"),
        ("feature-revived", "c"),
        ("feature-deleted", "a"),
        ("feature-deleted", "b"),
    ]
    assert found[0]["groupId"] == found[1]["groupId"] != found[2]["groupId"]
    assert [each["name"] for each in server.get(FLAGS).json()["features"]] == ["c"]


def test_nothing_stands_in_the_way_of_archiving(server: TestServer) -> None:
    answer = server.post(f"{PROJECT}/archive/validate", json={"features": NAMES})
    assert answer.status_code == 200
    assert answer.json() == {"parentsWithChildFeatures": [], "hasDeletedDependencies": False}
    assert server.post(f"{PROJECT}/archive/validate", json={"features": ["nobody"]}).status_code == 200


@pytest.mark.causes("feature-stale-on", "feature-stale-off", action="POST /api/admin/projects/{projectId}/stale")
def test_stale_or_not(server: TestServer) -> None:
    before = server.last_id()
    assert bulk(server, "stale", ["a"], stale=True) == (202, b"")
    assert bulk(server, "stale", NAMES, stale=True) == (202, b"")
    assert bulk(server, "stale", ["b"], stale=False) == (202, b"")
    found = server.events_after(before)
    assert kinds(found) == [
        ("feature-stale-on", "a"),
        ("feature-stale-on", "b"),
        ("feature-stale-on", "c"),
        ("feature-stale-off", "b"),
    ]
    assert all((each["data"], each["preData"]) == (None, None) for each in found)
    assert [each["stale"] for each in server.get(FLAGS).json()["features"]] == [True, False, True]


@pytest.mark.causes(
    "feature-strategy-add", "feature-environment-enabled",
    action="POST /api/admin/projects/{projectId}/bulk_features/environments/{environment}/on",
)  # fmt: skip
@pytest.mark.causes(
    "feature-environment-disabled",
    action="POST /api/admin/projects/{projectId}/bulk_features/environments/{environment}/off",
)
def test_many_on_and_off(server: TestServer) -> None:
    before = server.last_id()
    assert bulk(server, "bulk_features/environments/development/on", ["b", "a"]) == (200, b"")
    assert bulk(server, "bulk_features/environments/development/on", ["b", "a"]) == (200, b"")
    assert bulk(server, "bulk_features/environments/development/off", NAMES) == (200, b"")
    assert kinds(server.events_after(before)) == [
        ("feature-strategy-add", "a"),
        ("feature-environment-enabled", "a"),
        ("feature-strategy-add", "b"),
        ("feature-environment-enabled", "b"),
        ("feature-environment-disabled", "a"),
        ("feature-environment-disabled", "b"),
    ]
    before = server.last_id()
    assert bulk(server, "bulk_features/environments/nowhere/on", ["a"])[0] == 404
    assert server.events_after(before) == []


def test_many_with_their_disabled_strategies(server: TestServer) -> None:
    for name in NAMES:
        strategies = f"{FLAGS}/{name}/environments/development/strategies"
        server.post(strategies, json={"name": "default", "disabled": True})
    before = server.last_id()
    on = "bulk_features/environments/development/on?shouldActivateDisabledStrategies=true"
    assert bulk(server, on, NAMES) == (200, b"")
    assert {each["type"] for each in server.events_after(before)} == {
        "feature-strategy-update",
        "feature-environment-enabled",
    }


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("archive", {}),
        ("archive/validate", {}),
        ("revive", {}),
        ("delete", {}),
        ("stale", {"stale": True}),
        ("bulk_features/environments/development/on", {}),
        ("bulk_features/environments/development/off", {}),
    ],
)
def test_lists_that_cannot_be(server: TestServer, action: str, more: dict[str, Any]) -> None:
    before = server.last_id()
    elsewhere = f"/api/admin/projects/nowhere/{action}"
    assert server.post(elsewhere, json={"features": ["a"], **more}).status_code == 404
    assert server.post(f"{PROJECT}/{action}", json={"features": "a", **more}).status_code == 400
    assert server.post(f"{PROJECT}/{action}", json={}).status_code == 400
    assert server.events_after(before) == []


A_FLAG = f"{FLAGS}/a"
IN_DEVELOPMENT = f"{A_FLAG}/environments/development"
VARIANT = {"name": "v", "weight": 1}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        *(
            ("POST", f"{PROJECT}/{action}", {"features": ["a"] * 1_001, "stale": True})
            for action in (
                "archive",
                "archive/validate",
                "revive",
                "delete",
                "stale",
                "bulk_features/environments/development/on",
                "bulk_features/environments/development/off",
            )
        ),
        ("PUT", f"{PROJECT}/tags", {"features": ["a"] * 1_001, "tags": {"addedTags": [], "removedTags": []}}),
        ("POST", f"{IN_DEVELOPMENT}/strategies/set-sort-order", [{"id": "x", "sortOrder": 1}] * 1_001),
        ("POST", f"{IN_DEVELOPMENT}/strategies", {"name": "default", "variants": [VARIANT] * 1_001}),
        ("PUT", f"{IN_DEVELOPMENT}/strategies/x", {"variants": [VARIANT] * 1_001}),
        ("PATCH", f"{IN_DEVELOPMENT}/strategies/x", [{"op": "remove", "path": "/x"}] * 1_001),
        ("PATCH", f"{IN_DEVELOPMENT}/variants", [{"op": "remove", "path": "/x"}] * 1_001),
        ("PATCH", f"{A_FLAG}/variants", [{"op": "remove", "path": "/x"}] * 1_001),
        ("PATCH", A_FLAG, [{"op": "remove", "path": "/x"}] * 1_001),
        ("PUT", f"{IN_DEVELOPMENT}/variants", [VARIANT] * 1_001),
        ("PUT", f"{A_FLAG}/variants", [VARIANT] * 1_001),
        ("PUT", f"{A_FLAG}/variants-batch", {"environments": ["development"], "variants": [VARIANT] * 1_001}),
        ("PUT", f"{A_FLAG}/variants-batch", {"environments": ["development"] * 1_001, "variants": []}),
    ],
)
def test_a_list_that_is_too_long_is_refused_before_anything_is_done(
    server: TestServer, method: str, path: str, body: Any
) -> None:
    before = server.last_id()
    answer = server.request(method, path, json=body)
    assert answer.status_code == 400
    assert answer.json()["name"] == "BadDataError"
    assert "length <= 1000" in answer.json()["details"][0]["message"]
    assert server.events_after(before) == []


@pytest.mark.parametrize("action", ["on", "off"])
def test_all_that_is_switched_must_be_known(server: TestServer, action: str) -> None:
    before = server.last_id()
    assert bulk(server, f"bulk_features/environments/development/{action}", ["a", "nobody"])[0] == 404
    assert server.events_after(before) == []


def test_unknown_names_are_left_out(server: TestServer) -> None:
    before = server.last_id()
    names = ["nobody", "a", "nothing"]
    assert bulk(server, "stale", names, stale=True) == (202, b"")
    assert bulk(server, "archive", names) == (202, b"")
    assert bulk(server, "archive", ["nobody"]) == (202, b"")
    assert bulk(server, "revive", names) == (200, b"")
    body = {"features": ["nobody", "a"], "tags": {"addedTags": [{"type": "simple", "value": "new"}], "removedTags": []}}
    assert server.put(f"{PROJECT}/tags", json=body).status_code == 200
    only = {
        **body,
        "features": ["nobody"],
        "tags": {"addedTags": [{"type": "simple", "value": "xx"}], "removedTags": []},
    }
    assert server.put(f"{PROJECT}/tags", json=only).status_code == 200
    assert kinds(server.events_after(before)) == [
        ("feature-stale-on", "a"),
        ("feature-archived", "a"),
        ("feature-revived", "a"),
        ("tag-created", "a"),
        ("feature-tagged", "a"),
    ]


def test_archived_flags_are_left_alone(server: TestServer) -> None:
    server.delete(f"{FLAGS}/b")
    before = server.last_id()
    assert bulk(server, "stale", NAMES, stale=True)[0] == 400
    assert bulk(server, "bulk_features/environments/development/on", NAMES)[0] == 400
    assert server.events_after(before) == []


def test_a_long_list(server: TestServer) -> None:
    names = [f"flag-{i:03}" for i in range(120)]
    for name in names:
        server.post(FLAGS, json={"name": name})
    before = server.last_id()
    assert bulk(server, "archive", names)[0] == 202
    found = server.events_after(before)
    assert kinds(found) == [("feature-archived", name) for name in names]
    assert len({each["groupId"] for each in found}) == 1


def test_only_people_who_may_are_let_in(server: TestServer) -> None:
    viewer, editor = person(server, "viewer"), person(server, "editor", "Editor")
    server.delete(f"{FLAGS}/c")
    before = server.last_id()
    for action in (
        "archive",
        "archive/validate",
        "revive",
        "delete",
        "stale",
        "bulk_features/environments/production/on",
    ):
        body = {"features": ["a"], "stale": True}
        assert server.post(f"{PROJECT}/{action}", json=body, token=viewer.token).status_code == 403
    assert server.post("/api/admin/archive/revive/c", token=viewer.token).status_code == 403
    assert server.post("/api/admin/archive/revive/nobody", token=viewer.token).status_code == 403
    assert server.delete("/api/admin/archive/c", token=viewer.token).status_code == 403
    assert server.events_after(before) == []
    assert server.post("/api/admin/archive/revive/c", token=editor.token).status_code == 200
    assert server.delete("/api/admin/archive/nobody").status_code == 200


@pytest.mark.causes("feature-type-updated", action="PUT /api/admin/feature-types/{id}/lifetime")
def test_lifetimes_of_types(server: TestServer) -> None:
    found = server.get("/api/admin/feature-types").json()
    assert (found["version"], [each["id"] for each in found["types"]]) == (
        1,
        ["release", "experiment", "operational", "kill-switch", "permission", "sunset"],
    )
    release = found["types"][0]
    lifetime = "/api/admin/feature-types/release/lifetime"
    before = server.last_id()
    for days in (7, 7, 0):
        answer = server.put(lifetime, json={"lifetimeDays": days})
        assert (answer.status_code, answer.json()) == (200, {**release, "lifetimeDays": days or None})
    first, second = server.events_after(before)
    assert (first["type"], first["preData"], first["data"]["lifetimeDays"]) == ("feature-type-updated", release, 7)
    assert (second["data"]["lifetimeDays"], second["project"], second["featureName"]) == (None, None, None)
    for body in ({"lifetimeDays": -1}, {"lifetimeDays": 2**31}, {"lifetimeDays": "seven"}, {}):
        assert server.put(lifetime, json=body).status_code == 400
    assert server.put("/api/admin/feature-types/nope/lifetime", json={"lifetimeDays": 1}).status_code == 404
    editor = person(server, "editor", "Editor")
    assert server.put(lifetime, json={"lifetimeDays": 1}, token=editor.token).status_code == 403
