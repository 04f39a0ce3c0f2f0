"""Switching flags, and their strategies, over HTTP."""

from typing import Any

import pytest

from tests.people import person
from tests.projects import add_project
from tests.server import TestServer

PATH = "/api/admin/projects/{projectId}/features/{featureName}/environments/{environment}"
FLAGS = "/api/admin/projects/default/features"
HERE = f"{FLAGS}/checkout/environments/development"
STRATEGIES = f"{HERE}/strategies"
HALF = {
    "name": "flexibleRollout",
    "title": "Half",
    "parameters": {"rollout": "50"},
    "constraints": [{"contextName": "appName", "operator": "STR_CONTAINS", "values": ["a"], "caseInsensitive": True}],
}
DOCUMENTED = {
    "id", "name", "title", "disabled", "constraints", "parameters", "variants", "sortOrder", "segments"
}  # fmt: skip


@pytest.fixture(autouse=True)
def flag(server: TestServer) -> None:
    assert server.post(FLAGS, json={"name": "checkout"}).status_code == 201


def add(server: TestServer, **fields: Any) -> dict[str, Any]:
    answer = server.post(STRATEGIES, json={"name": "flexibleRollout", **fields})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def stored(shown: dict[str, Any]) -> dict[str, Any]:
    """A strategy as events show it: they name the flag themselves."""
    assert shown["featureName"] == "checkout"
    return {name: value for name, value in shown.items() if name != "featureName"}


@pytest.mark.causes(
    "feature-strategy-add",
    "feature-environment-enabled",
    action="POST /api/admin/projects/{projectId}/features/{featureName}/environments/{environment}/on",
)
@pytest.mark.causes(
    "feature-environment-disabled",
    action="POST /api/admin/projects/{projectId}/features/{featureName}/environments/{environment}/off",
)
def test_on_and_off(server: TestServer) -> None:
    before = server.last_id()
    for way in ("on", "on", "off", "off", "on"):
        answer = server.post(f"{HERE}/{way}")
        assert (answer.status_code, answer.content) == (200, b"")
    added, *switched = server.events_after(before)
    assert (added["type"], added["label"], set(added["data"])) == (
        "feature-strategy-add",
        "Flag strategy added",
        DOCUMENTED,
    )
    assert [each["type"] for each in switched] == [
        "feature-environment-enabled",
        "feature-environment-disabled",
        "feature-environment-enabled",
    ]
    for event in switched:
        assert (event["data"], event["preData"], event["environment"]) == (None, None, "development")
        assert (event["featureName"], event["project"]) == ("checkout", "default")
    assert added["groupId"] == switched[0]["groupId"]
    found = server.get(HERE).json()
    assert (found["name"], found["environment"], found["enabled"]) == ("checkout", "development", True)
    assert [each["parameters"] for each in found["strategies"]] == [
        {"rollout": "100", "stickiness": "default", "groupId": "checkout"}
    ]


@pytest.mark.causes(
    "feature-strategy-update",
    action="POST /api/admin/projects/{projectId}/features/{featureName}"
    "/environments/{environment}/on?shouldActivateDisabledStrategies=true",
)
def test_disabled_strategies_are_enabled_on_request(server: TestServer) -> None:
    strategy = add(server, disabled=True)
    before = server.last_id()
    assert server.post(f"{HERE}/on?shouldActivateDisabledStrategies=true").status_code == 200
    updated, enabled = server.events_after(before)
    assert (updated["type"], enabled["type"]) == ("feature-strategy-update", "feature-environment-enabled")
    assert (updated["preData"], updated["data"]) == (stored(strategy), {**stored(strategy), "disabled": False})
    assert server.post(f"{HERE}/on?shouldActivateDisabledStrategies=perhaps").status_code == 400


@pytest.mark.parametrize("path", [f"{FLAGS}/checkout/environments/nowhere", f"{FLAGS}/nobody/environments/development"])
def test_places_that_are_not_there(server: TestServer, path: str) -> None:
    before = server.last_id()
    for way in ("on", "off"):
        answer = server.post(f"{path}/{way}")
        assert (answer.status_code, answer.json()["name"]) == (404, "NotFoundError")
    assert server.get(path).status_code == 404
    assert server.get(f"{path}/strategies").status_code == 404
    assert server.post(f"{path}/strategies", json=HALF).status_code == 404
    assert server.events_after(before) == []


def test_an_archived_flag_is_not_switched(server: TestServer) -> None:
    server.delete(f"{FLAGS}/checkout")
    for answer in (server.post(f"{HERE}/on"), server.post(STRATEGIES, json=HALF)):
        assert (answer.status_code, answer.json()["name"]) == (400, "ArchivedFeature")
    assert server.get(HERE).status_code == 404


@pytest.mark.causes(
    "feature-strategy-add",
    action="POST /api/admin/projects/{projectId}/features/{featureName}/environments/{environment}/strategies",
)
def test_a_new_strategy(server: TestServer) -> None:
    before = server.last_id()
    found = add(server, **HALF)
    assert found == {
        "id": found["id"],
        "name": "flexibleRollout",
        "title": "Half",
        "disabled": False,
        "constraints": [
            {
                "contextName": "appName",
                "operator": "STR_CONTAINS",
                "values": ["a"],
                "inverted": False,
                "caseInsensitive": True,
            }
        ],
        "parameters": {"rollout": "50", "stickiness": "default", "groupId": "checkout"},
        "variants": [],
        "sortOrder": 0,
        "segments": [],
        "featureName": "checkout",
    }
    assert server.get(STRATEGIES).json() == [found]
    assert server.get(f"{STRATEGIES}/{found['id']}").json() == found
    (event,) = server.events_after(before)
    assert (event["type"], event["data"], event["preData"]) == ("feature-strategy-add", stored(found), None)
    assert "**Half**" in event["summary"]


def test_variants_of_a_strategy_share_the_rest(server: TestServer) -> None:
    variants = [{"name": "a", "weight": 300, "weightType": "fix", "stickiness": "default"}]
    variants += [{"name": name, "weight": 1, "weightType": "variable", "stickiness": "default"} for name in "bcd"]
    assert [each["weight"] for each in add(server, variants=variants)["variants"]] == [300, 234, 233, 233]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"parameters": {"rollout": 7}}, {"rollout": "7"}),
        ({"parameters": {"rollout": "50", "stickiness": None, "groupId": None}}, {"rollout": "50"}),
        ({"constraints": [{"contextName": "age", "operator": "NUM_GT", "value": 18}]}, {"value": "18"}),
        ({"constraints": [{"contextName": "a", "operator": "IN", "values": [1, 2.5]}]}, {"values": ["1", "2.5"]}),
        (
            {"constraints": [{"contextName": "a", "operator": "IN", "values": ["1"], "inverted": None}]},
            {"inverted": False},
        ),
        ({"variants": [{"name": 7, "weight": 1, "payload": {"type": "number", "value": 5}}]}, {"name": "7"}),
        ({"title": 5, "segments": None, "constraints": None}, {"title": "5", "segments": [], "constraints": []}),
    ],
)
def test_numbers_are_text_and_null_is_left_out(server: TestServer, given: Any, kept: dict[str, Any]) -> None:
    """As Unleash takes them."""
    made = add(server, **given)
    (shown,) = [made] if "title" in given else [made[name] for name in given]
    shown = shown[0] if isinstance(shown, list) else shown
    assert {name: shown[name] for name in kept} == kept
    assert server.get(f"{STRATEGIES}/{made['id']}").json() == made


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": "nonexistent"}, 400),
        ({"name": "flexibleRollout", "parameters": {"rollout": "101"}}, 400),
        ({"name": "flexibleRollout", "parameters": {"rollout": "33.3"}}, 400),
        ({"name": "flexibleRollout", "parameters": {"groupId": 'a"b'}}, 400),
        ({"name": "flexibleRollout", "parameters": {"rollout": [7]}}, 400),
        ({"name": "default", "constraints": [{"contextName": "userId", "operator": "NOPE", "values": []}]}, 400),
        ({"name": "default", "constraints": [{"contextName": "userId", "operator": "NUM_EQ", "value": "abc"}]}, 400),
        ({"name": "default", "constraints": [{"contextName": "userId", "operator": "REGEX", "value": "(a"}]}, 400),
        ({"name": "default", "constraints": [{"contextName": "userId", "operator": "IN", "inverted": None}]}, 400),
        ({"name": "default", "segments": [999]}, 404),
        ({"name": "default", "segments": ["one"]}, 400),
        ({"name": "default", "segments": [1, 2, 3, 4, 5, 6]}, 400),
        ({"name": "default", "variants": [{"name": "a", "weight": 1}, {"name": "a", "weight": 1}]}, 400),
        ({"name": "default", "variants": [{"name": "a", "weight": 1.5}]}, 400),
        ({"name": "default", "variants": [{"name": "a", "weight": 1, "payload": {"type": "json", "value": "{"}}]}, 400),
        ({"name": "default", "sortOrder": -1}, 400),
    ],
)
def test_a_strategy_that_cannot_be(server: TestServer, body: Any, status: int) -> None:
    before = server.last_id()
    assert server.post(STRATEGIES, json=body).status_code == status
    strategy = add(server)
    if "name" in body:
        body = {**body, "name": "flexibleRollout"}
    after = server.last_id()
    if body.get("name") and len(body) > 1:
        assert server.put(f"{STRATEGIES}/{strategy['id']}", json=body).status_code == status
    assert (server.last_id(), len(server.events_after(before))) == (after, 1)


@pytest.mark.causes(
    "feature-strategy-update",
    action="PUT /api/admin/projects/{projectId}/features/{featureName}"
    "/environments/{environment}/strategies/{strategyId}",
)
@pytest.mark.causes(
    "feature-strategy-update",
    action="PATCH /api/admin/projects/{projectId}/features/{featureName}"
    "/environments/{environment}/strategies/{strategyId}",
)
def test_a_changed_strategy(server: TestServer) -> None:
    old = add(server, **HALF)
    path = f"{STRATEGIES}/{old['id']}"
    before = server.last_id()
    put = {**old, "parameters": {**old["parameters"], "rollout": "75"}}
    for _ in range(2):
        answer = server.put(path, json={"name": "flexibleRollout", "parameters": {"rollout": "75"}})
        assert (answer.status_code, answer.json()) == (200, put)
    patched = server.patch(path, json=[{"op": "replace", "path": "/disabled", "value": True}]).json()
    assert patched == {**put, "disabled": True}
    first, second = server.events_after(before)
    assert (first["type"], first["preData"], first["data"]) == ("feature-strategy-update", stored(old), stored(put))
    assert (second["preData"], second["data"]) == (stored(put), stored(patched))
    assert set(first["data"]) == DOCUMENTED
    assert "from **50%** to **75%**" in first["summary"]
    for body in ([{"op": "replace", "path": "/parameters", "value": 7}], [{"op": "remove", "path": "/a/b"}]):
        assert server.patch(path, json=body).status_code == 400
    assert server.put(path, json={"name": "default"}).status_code == 400


def test_strategies_that_are_not_there(server: TestServer) -> None:
    strategy = add(server)
    production = f"{FLAGS}/checkout/environments/production/strategies/{strategy['id']}"
    before = server.last_id()
    for path in (f"{STRATEGIES}/nope", production):
        assert server.get(path).status_code == 404
        assert server.put(path, json={}).status_code == 404
        assert server.patch(path, json=[]).status_code == 404
        assert server.delete(path).status_code == 404
    assert server.events_after(before) == []


@pytest.mark.causes(
    "feature-environment-disabled",
    "feature-strategy-remove",
    action="DELETE /api/admin/projects/{projectId}/features/{featureName}"
    "/environments/{environment}/strategies/{strategyId}",
)
def test_the_last_strategy_takes_the_flag_off(server: TestServer) -> None:
    server.post(f"{HERE}/on")
    strategy = stored(server.get(STRATEGIES).json()[0])
    before = server.last_id()
    answer = server.delete(f"{STRATEGIES}/{strategy['id']}")
    assert (answer.status_code, answer.content) == (200, b"")
    off, removed = server.events_after(before)
    assert (off["type"], off["data"], off["preData"]) == ("feature-environment-disabled", None, None)
    assert (removed["type"], removed["data"], removed["preData"]) == ("feature-strategy-remove", None, strategy)
    assert server.get(HERE).json() == {
        "name": "checkout",
        "featureName": "checkout",
        "environment": "development",
        "type": "development",
        "sortOrder": 100,
        "enabled": False,
        "lastSeenAt": None,
        "yes": 0,
        "no": 0,
        "hasStrategies": False,
        "hasEnabledStrategies": False,
        "variantCount": 0,
        "strategies": [],
    }
    assert server.delete(f"{STRATEGIES}/{strategy['id']}").status_code == 404


@pytest.mark.causes(
    "feature-strategy-update",
    "feature-environment-disabled",
    action="PATCH /api/admin/projects/{projectId}/features/{featureName}"
    "/environments/{environment}/strategies/{strategyId}",
)
def test_disabling_the_last_strategy_takes_the_flag_off(server: TestServer) -> None:
    server.post(f"{HERE}/on")
    (strategy,) = server.get(STRATEGIES).json()
    before = server.last_id()
    server.patch(f"{STRATEGIES}/{strategy['id']}", json=[{"op": "replace", "path": "/disabled", "value": True}])
    assert [each["type"] for each in server.events_after(before)] == [
        "feature-strategy-update",
        "feature-environment-disabled",
    ]


@pytest.mark.causes(
    "strategy-order-changed",
    action="POST /api/admin/projects/{projectId}/features/{featureName}"
    "/environments/{environment}/strategies/set-sort-order",
)
def test_a_new_order(server: TestServer) -> None:
    first, second = add(server), add(server)
    before = server.last_id()
    order = [{"id": second["id"], "sortOrder": 0}, {"id": first["id"], "sortOrder": 1}]
    for _ in range(2):
        answer = server.post(f"{STRATEGIES}/set-sort-order", json=order)
        assert (answer.status_code, answer.content) == (200, b"")
    (event,) = server.events_after(before)
    assert (event["type"], event["environment"]) == ("strategy-order-changed", "development")
    assert event["data"] == {"strategyIds": [second["id"], first["id"]]}
    assert event["preData"] == {"strategyIds": [first["id"], second["id"]]}
    assert [each["id"] for each in server.get(STRATEGIES).json()] == [second["id"], first["id"]]
    assert server.post(f"{STRATEGIES}/set-sort-order", json=[{"id": "nope", "sortOrder": 0}]).status_code == 404
    assert server.post(f"{STRATEGIES}/set-sort-order", json=[{"id": first["id"]}]).status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"contextName": "a", "operator": "SEMVER_EQ", "value": "1.2"}, 400),
        ({"contextName": "a", "operator": "DATE_AFTER", "value": "2022-01-29T13:00:00.000Z"}, 204),
        ({"contextName": "a", "operator": "IN", "values": []}, 400),
        ({"contextName": "a", "operator": "IN", "values": ["1"]}, 204),
        ({"contextName": "a"}, 400),
    ],
)
def test_constraints_are_checked(server: TestServer, body: Any, status: int) -> None:
    assert server.post("/api/admin/constraints/validate", json=body).status_code == status


def test_only_people_who_may_are_let_in(server: TestServer) -> None:
    strategy = add(server)
    path = f"{STRATEGIES}/{strategy['id']}"
    viewer, editor = person(server, "viewer"), person(server, "editor", "Editor")
    before = server.last_id()
    for method, where, body in (
        ("POST", f"{HERE}/on", None),
        ("POST", f"{HERE}/off", None),
        ("POST", STRATEGIES, HALF),
        ("PUT", path, {}),
        ("PATCH", path, []),
        ("DELETE", path, None),
        ("POST", f"{STRATEGIES}/set-sort-order", []),
    ):
        more: dict[str, Any] = {} if body is None else {"json": body}
        answer = server.request(method, where, token=viewer.token, **more)
        assert (answer.status_code, answer.json()["name"]) == (403, "PermissionError")
        assert server.events_after(before) == []
    assert server.get(STRATEGIES, token=viewer.token).json() == [strategy]
    assert server.post(f"{HERE}/on", token=editor.token).status_code == 200


def test_a_segment_of_another_project_is_refused(server: TestServer) -> None:
    add_project(server, "other")
    theirs = server.post("/api/admin/segments", json={"name": "theirs", "project": "other", "constraints": []}).json()
    own = add(server)
    before, shown = server.last_id(), server.get(STRATEGIES).json()
    wanted = {"name": "flexibleRollout", "parameters": {}, "constraints": [], "segments": [theirs["id"]]}
    default = "/api/admin/projects/default/environments/development/default-strategy"
    for refused in (
        server.post(STRATEGIES, json=wanted),
        server.put(f"{STRATEGIES}/{own['id']}", json=wanted),
        server.patch(
            f"{STRATEGIES}/{own['id']}", json=[{"op": "replace", "path": "/segments", "value": [theirs["id"]]}]
        ),
        server.post(default, json=wanted),
    ):
        assert refused.status_code == 400, refused.text
        assert "belongs to another project. Choose one of 'default'" in refused.json()["details"][0]["message"]
        assert "segments" in refused.json()["details"][0]["path"]
    assert server.last_id() == before, "nothing of it is stored"
    assert server.get(STRATEGIES).json() == shown
