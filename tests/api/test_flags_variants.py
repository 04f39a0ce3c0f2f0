"""Variants of flags in environments, the older way, over HTTP."""

from typing import Any

import pytest

from tests.people import person
from tests.server import TestServer

PATH = "/api/admin/projects/{projectId}/features/{featureName}"
FLAGS = "/api/admin/projects/default/features"
FLAG = f"{FLAGS}/checkout"
HERE = f"{FLAG}/environments/development/variants"
A = {"name": "a", "weight": 1000, "weightType": "variable", "stickiness": "default"}
Z = {"name": "z", "weight": 400, "weightType": "fix", "stickiness": "userId"}


@pytest.fixture(autouse=True)
def flag(server: TestServer) -> None:
    assert server.post(FLAGS, json={"name": "checkout"}).status_code == 201


def push(server: TestServer, environments: list[str], variants: list[Any]) -> Any:
    return server.put(f"{FLAG}/variants-batch", json={"environments": environments, "variants": variants})


@pytest.mark.causes(
    "feature-environment-variants-updated",
    action="PUT /api/admin/projects/{projectId}/features/{featureName}/variants-batch",
)
def test_the_same_variants_in_several_environments(server: TestServer) -> None:
    before = server.last_id()
    for _ in range(2):
        answer = push(server, ["production", "development"], [{"name": "a", "weight": 1}])
        assert (answer.status_code, answer.json()) == (200, {"version": 1, "variants": [A]})
    found = server.events_after(before)
    assert [(each["type"], each["environment"]) for each in found] == [
        ("feature-environment-variants-updated", "development"),
        ("feature-environment-variants-updated", "production"),
    ]
    assert all((each["preData"], each["data"]) == ({"variants": []}, {"variants": [A]}) for each in found)
    assert server.get(HERE).json() == {"version": 1, "variants": [A]}
    shown = server.get(FLAG).json()["environments"]
    assert [each["variants"] for each in shown] == [[A], [A]]
    assert server.get(FLAGS).json()["features"][0]["environments"][0]["variantCount"] == 1


@pytest.mark.causes(
    "feature-environment-variants-updated",
    action="PUT /api/admin/projects/{projectId}/features/{featureName}/environments/{environment}/variants",
)
@pytest.mark.causes(
    "feature-environment-variants-updated",
    action="PATCH /api/admin/projects/{projectId}/features/{featureName}/environments/{environment}/variants",
)
def test_a_flag_that_has_variants_may_get_others(server: TestServer) -> None:
    push(server, ["development"], [A])
    before = server.last_id()
    patched = server.patch(HERE, json=[{"op": "add", "path": "/-", "value": Z}])
    assert (patched.status_code, patched.json()["variants"]) == (200, [{**A, "weight": 600}, Z])
    replaced = server.put(HERE, json=[Z, A])
    assert (replaced.status_code, replaced.json()["variants"]) == (200, [{**A, "weight": 600}, Z])
    (event,) = server.events_after(before)
    assert (event["preData"], event["data"]) == ({"variants": [A]}, {"variants": [{**A, "weight": 600}, Z]})
    assert server.put(HERE, json=[Z, {**A, "name": "b"}]).status_code == 200
    _, last = server.events_after(before)
    assert [each["name"] for each in last["data"]["variants"]] == ["b", "z"]


def test_a_flag_without_variants_gets_none(server: TestServer) -> None:
    before = server.last_id()
    for answer in (server.put(HERE, json=[A]), server.patch(HERE, json=[{"op": "add", "path": "/0", "value": A}])):
        assert (answer.status_code, answer.json()["name"]) == (403, "InvalidOperationError")
    assert server.get(HERE).json() == {"version": 1, "variants": []}
    assert server.events_after(before) == []


@pytest.mark.causes(
    "feature-variants-updated", action="PUT /api/admin/projects/{projectId}/features/{featureName}/variants"
)
@pytest.mark.causes(
    "feature-variants-updated",
    action="PATCH /api/admin/projects/{projectId}/features/{featureName}/variants",
)
def test_variants_of_the_whole_flag(server: TestServer) -> None:
    before = server.last_id()
    for _ in range(2):
        answer = server.put(f"{FLAG}/variants", json=[A])
        assert (answer.status_code, answer.json()) == (200, {"version": 1, "variants": [A]})
    assert (
        server.patch(f"{FLAG}/variants", json=[{"op": "replace", "path": "/0/name", "value": "b"}]).status_code == 200
    )
    first, second = server.events_after(before)
    assert (first["type"], first["environment"], first["preData"]) == (
        "feature-variants-updated",
        None,
        {"variants": []},
    )
    assert (second["preData"], second["data"]) == ({"variants": [A]}, {"variants": [{**A, "name": "b"}]})
    assert server.get(f"{FLAG}/variants").json()["variants"] == second["data"]["variants"]
    assert server.get(HERE).json()["variants"] == second["data"]["variants"]


@pytest.mark.parametrize(
    "variants",
    [
        [{"name": "a"}],
        [{"name": "a", "weight": 1001}],
        [A, A],
        [{**A, "weightType": "fix"}, {**A, "name": "b"}],
        [{**A, "payload": {"type": "json", "value": "{"}}],
        [{**A, "overrides": [{"contextName": "userId", "values": [[7]]}]}],
        {},
    ],
)
def test_variants_that_cannot_be(server: TestServer, variants: Any) -> None:
    push(server, ["development"], [A])
    before = server.last_id()
    assert push(server, ["development"], variants).status_code == 400
    assert server.put(HERE, json=variants).status_code == 400
    assert server.put(f"{FLAG}/variants", json=variants).status_code == 400
    assert server.events_after(before) == []


def test_places_that_are_not_there(server: TestServer) -> None:
    before = server.last_id()
    assert push(server, ["development", "nowhere"], [A]).status_code == 404
    assert server.put(f"{FLAGS}/nobody/variants-batch", json={}).status_code == 404
    for path in (f"{FLAG}/environments/nowhere/variants", f"{FLAGS}/nobody/variants"):
        assert server.get(path).status_code == 404
        assert server.put(path, json=[A]).status_code == 404
    assert server.events_after(before) == []


def test_only_people_who_may_are_let_in(server: TestServer) -> None:
    viewer, editor = person(server, "viewer"), person(server, "editor", "Editor")
    push(server, ["development"], [A])
    before = server.last_id()
    batch = {"environments": ["development"], "variants": []}
    for method, path, body in (
        ("PUT", f"{FLAG}/variants-batch", batch),
        ("PUT", HERE, []),
        ("PATCH", HERE, []),
        ("PUT", f"{FLAG}/variants", []),
        ("PATCH", f"{FLAG}/variants", []),
    ):
        assert server.request(method, path, json=body, token=viewer.token).status_code == 403
    assert server.events_after(before) == []
    assert server.put(f"{FLAG}/variants-batch", json=batch, token=editor.token).status_code == 200
