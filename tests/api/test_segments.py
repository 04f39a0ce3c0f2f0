"""Segments over HTTP, with the events that they cause."""

from typing import Any

import pytest

from tests.server import TestServer

SEGMENTS = "/api/admin/segments"
CONSTRAINT = {"contextName": "appName", "operator": "IN", "values": ["appA", "appB"]}
STORED = {**CONSTRAINT, "inverted": False, "caseInsensitive": False}


def body(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "description": "for events", "constraints": [CONSTRAINT], **changes}


@pytest.mark.causes("segment-created", action="POST /api/admin/segments")
def test_creating_a_segment(server: TestServer) -> None:
    before = server.last_id()
    answer = server.post(SEGMENTS, json=body("new segment"))

    assert answer.status_code == 201
    created = answer.json()
    assert created["constraints"] == [STORED]
    (event,) = server.events_after(before)
    assert event["type"] == "segment-created"
    assert event["data"] == {
        "id": created["id"],
        "name": "new segment",
        "description": "for events",
        "constraints": [STORED],
        "createdBy": event["createdBy"],
        "createdAt": created["createdAt"],
        "project": None,
    }
    assert (event["preData"], event["featureName"], event["project"], event["environment"]) == (None, None, None, None)
    assert (event["label"], event["summary"]) == (
        "Segment created",
        f"**{event['createdBy']}** created segment **new segment**",
    )


@pytest.mark.causes("segment-updated", action="PUT /api/admin/segments/{id}")
def test_changing_a_segment_keeps_its_previous_state(server: TestServer) -> None:
    created = server.post(SEGMENTS, json=body("before")).json()
    before = server.last_id()
    for _ in range(2):
        assert server.put(f"{SEGMENTS}/{created['id']}", json=body("after", constraints=[])).status_code == 204

    (event,) = server.events_after(before)
    assert event["type"] == "segment-updated"
    assert (event["preData"]["name"], event["preData"]["constraints"]) == ("before", [STORED])
    assert (event["data"]["name"], event["data"]["constraints"]) == ("after", [])


@pytest.mark.causes("segment-deleted", action="DELETE /api/admin/segments/{id}")
def test_deleting_a_segment(server: TestServer) -> None:
    created = server.post(SEGMENTS, json=body("gone")).json()
    before = server.last_id()
    assert server.delete(f"{SEGMENTS}/{created['id']}").status_code == 204

    (event,) = server.events_after(before)
    assert (event["type"], event["data"]) == ("segment-deleted", {})
    assert event["preData"]["name"] == "gone"
    assert server.get(f"{SEGMENTS}/{created['id']}").status_code == 404
    assert server.post(SEGMENTS, json=body("next")).json()["id"] == created["id"] + 1, "ids are never used again"


def test_a_segment_in_use_is_kept(server: TestServer) -> None:
    segment = server.post(SEGMENTS, json=body("used")).json()["id"]
    server.post("/api/admin/projects/default/features", json={"name": "flag"})
    path = "/api/admin/projects/default/features/flag/environments/development/strategies"
    strategy = server.post(path, json={"name": "default", "segments": [segment]}).json()

    answer = server.delete(f"{SEGMENTS}/{segment}")

    assert answer.status_code == 409
    assert "flag" in answer.json()["message"]
    (listed,) = server.get(SEGMENTS).json()["segments"]
    assert (listed["usedInProjects"], listed["usedInFeatures"]) == (1, 1)
    (use,) = server.get(f"{SEGMENTS}/{segment}/strategies").json()["strategies"]
    assert use == {
        "id": strategy["id"],
        "projectId": "default",
        "featureName": "flag",
        "strategyName": "default",
        "environment": "development",
    }


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (body(""), "/body/name"),
        (body("x" * 251), "/body/name"),
        (body("x", constraints="none"), "/body/constraints"),
        (body("x", constraints=[{"contextName": "a", "operator": "NOPE", "values": []}]), "/body/constraints/0"),
        (body("x", constraints=[{"contextName": "a", "operator": "REGEX", "value": "("}]), "/body/constraints/0"),
        (body("x", constraints=[{"contextName": "a", "operator": "NUM_GT", "value": "ten"}]), "/body/constraints/0"),
        (
            body("x", constraints=[{"contextName": "a", "operator": "DATE_AFTER", "value": "2024"}]),
            "/body/constraints/0",
        ),
        (
            body("x", constraints=[{"contextName": "a", "operator": "IN", "values": [[1]]}]),
            "/body/constraints/0/values/0",
        ),
        ({"name": "x"}, "/body/constraints"),
    ],
)
def test_a_malformed_segment_is_refused_whole(server: TestServer, wrong: dict[str, Any], path: str) -> None:
    before = server.last_id()
    answer = server.post(SEGMENTS, json=wrong)

    assert answer.status_code == 400
    error = answer.json()
    assert set(error) == {"id", "name", "message", "details"}
    assert path in [detail.get("path") for detail in error["details"]]
    assert server.last_id() == before
    assert server.get(SEGMENTS).json() == {"segments": []}


def one_of(values: int, operator: str = "IN") -> dict[str, Any]:
    return {"contextName": "userId", "operator": operator, "values": [f"user-{i}" for i in range(values)]}


@pytest.mark.parametrize(
    "constraints", [[one_of(1_000)], [one_of(800), one_of(200, "STR_ENDS_WITH")], [one_of(1)] * 31]
)
def test_a_segment_has_limits_of_its_own(server: TestServer, constraints: list[dict[str, Any]]) -> None:
    made = server.post(SEGMENTS, json=body("large", constraints=constraints))
    assert made.status_code == 201
    assert server.put(f"{SEGMENTS}/{made.json()['id']}", json=body("L", constraints=constraints)).status_code == 204
    before = server.last_id()
    for more in ([one_of(1_001)], [one_of(800), one_of(201)]):
        answer = server.post(SEGMENTS, json=body("larger", constraints=more))
        assert answer.status_code == 400
        assert "at most 1000 values" in answer.json()["message"].lower()
    assert server.events_after(before) == []


@pytest.mark.parametrize(
    "constraints",
    [
        [{"contextName": "a", "operator": "NOPE"}] * 9_000,
        [{"contextName": "a", "operator": "IN", "values": [""] * 100_000}],
        [{"contextName": "a" * 300_000, "operator": "N" * 100_000}],
    ],
)
def test_an_answer_does_not_grow_with_what_is_wrong(server: TestServer, constraints: list[dict[str, Any]]) -> None:
    server.post("/api/admin/projects/default/features", json={"name": "flag"})
    strategies = "/api/admin/projects/default/features/flag/environments/development/strategies"
    for answer in (
        server.post(SEGMENTS, json=body("large", constraints=constraints)),
        server.post(strategies, json={"name": "default", "constraints": constraints}),
        server.post("/api/admin/constraints/validate", json=constraints[0]),
    ):
        assert (answer.status_code, answer.json()["name"]) == (400, "BadDataError")
        assert len(answer.content) < 2_000


@pytest.mark.parametrize("operator", ["IN", "NOT_IN", "STR_CONTAINS", "STR_STARTS_WITH", "STR_ENDS_WITH"])
@pytest.mark.parametrize("values", [{"values": []}, {}])
def test_to_compare_with_nothing_is_refused_everywhere(
    server: TestServer, operator: str, values: dict[str, Any]
) -> None:
    """`NOT_IN` of nothing would be true for everybody."""
    nothing = {"contextName": "userId", "operator": operator, **values}
    server.post("/api/admin/projects/default/features", json={"name": "flag"})
    strategies = "/api/admin/projects/default/features/flag/environments/development/strategies"
    there = server.post(strategies, json={"name": "default"}).json()["id"]
    segment = server.post(SEGMENTS, json=body("mine")).json()["id"]
    before = server.last_id()
    for answer in (
        server.post("/api/admin/constraints/validate", json=nothing),
        server.post(strategies, json={"name": "default", "constraints": [nothing]}),
        server.put(f"{strategies}/{there}", json={"constraints": [nothing]}),
        server.patch(f"{strategies}/{there}", json=[{"op": "add", "path": "/constraints/-", "value": nothing}]),
        server.post(SEGMENTS, json=body("x", constraints=[nothing])),
        server.put(f"{SEGMENTS}/{segment}", json=body("mine", constraints=[nothing])),
    ):
        assert (answer.status_code, answer.json()["name"]) == (400, "BadDataError")
        assert f"{operator} needs at least one value" in answer.json()["message"]
    assert server.events_after(before) == []


def test_a_name_is_taken_once(server: TestServer) -> None:
    first = server.post(SEGMENTS, json=body("mine")).json()["id"]
    assert server.post(SEGMENTS, json=body("mine")).status_code == 409
    assert server.post(f"{SEGMENTS}/validate", json={"name": "mine"}).status_code == 409
    assert server.post(f"{SEGMENTS}/validate", json={"name": "free"}).status_code == 204
    assert server.put(f"{SEGMENTS}/{first}", json=body("mine")).status_code == 204
    second = server.post(SEGMENTS, json=body("other")).json()["id"]
    assert server.put(f"{SEGMENTS}/{second}", json=body("mine")).status_code == 409


def test_unknown_segments_are_404(server: TestServer) -> None:
    for answer in (
        server.get(f"{SEGMENTS}/99"),
        server.put(f"{SEGMENTS}/99", json=body("x")),
        server.delete(f"{SEGMENTS}/99"),
        server.get(f"{SEGMENTS}/99/strategies"),
    ):
        assert answer.status_code == 404
        assert answer.json()["name"] == "NotFoundError"
