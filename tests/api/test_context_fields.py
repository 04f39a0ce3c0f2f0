"""Context fields over HTTP, of the whole server and of one project, with the events that they cause."""

from typing import Any

import pytest

from tests.projects import add_project
from tests.sdk import PLACE, make_segment
from tests.server import TestServer

FIELDS = "/api/admin/context"
OWN = "/api/admin/projects/default/context"
GOLD, SILVER = {"value": "gold", "description": "the best"}, {"value": "silver"}
STRATEGIES = f"/api/admin/projects/default/features/flag/environments/{PLACE}/strategies"


def on(field: str, *values: str) -> dict[str, Any]:
    return {"contextName": field, "operator": "IN", "values": list(values)}


def told(server: TestServer, before: int) -> list[tuple[str, Any, Any]]:
    return [(event["type"], event["data"], event["preData"]) for event in server.events_after(before)]


def live(server: TestServer, fields: str) -> None:
    """The whole life of a field below `fields`."""
    project = {"project": "default"} if fields == OWN else {}
    other = {FIELDS: OWN, OWN: FIELDS}[fields]
    before = server.last_id()
    answer = server.post(fields, json={"name": "tier", "legalValues": [GOLD], "stickiness": True})

    assert (answer.status_code, answer.headers["location"]) == (201, "context/tier")
    made = {"name": "tier", "description": None, "stickiness": True, "sortOrder": 0, **project}
    assert {**answer.json(), "createdAt": ""} == {**made, "legalValues": [GOLD], "createdAt": ""}
    field = fields + "/tier"
    for _ in range(2):
        assert server.post(field + "/legal-values", json=SILVER).status_code == 200
        assert server.delete(field + "/legal-values/gold").status_code == 200
        assert server.put(field, json={"description": "What they pay"}).status_code == 200
    assert server.get(field).json()["legalValues"] == [SILVER], "what is left out stays"
    assert server.get(other + "/tier").status_code == (404 if other == OWN else 200)
    listed = server.get(fields).json()
    assert [each["name"] for each in listed if each["name"] == "tier"] == ["tier"]
    for validated in (FIELDS, OWN):
        assert server.post(validated + "/validate", json={"name": "tier"}).status_code == 409
        assert server.post(validated + "/validate", json={"name": "free"}).status_code == 200
    assert server.post(other, json={"name": "tier"}).status_code == 409, "constraints know fields by name alone"
    assert server.delete(field).status_code == 200
    assert [server.get(field).status_code, server.delete(field).status_code] == [404, 404]

    said = {"description": None, "stickiness": True, "sortOrder": 0, "project": project.get("project"), "name": "tier"}
    states = [
        {**said, "legalValues": [GOLD]},
        {**said, "legalValues": [GOLD, SILVER]},
        {**said, "legalValues": [SILVER]},
        {**said, "legalValues": [SILVER], "description": "What they pay"},
    ]
    assert told(server, before) == [
        ("context-field-created", states[0], None),
        ("context-field-updated", states[1], states[0]),
        ("context-field-updated", states[2], states[1]),
        ("context-field-updated", states[3], states[2]),
        ("context-field-deleted", {"name": "tier"}, states[3]),
    ]


@pytest.mark.causes("context-field-created", action="POST /api/admin/context")
@pytest.mark.causes("context-field-updated", action="PUT /api/admin/context/{contextField}")
@pytest.mark.causes("context-field-updated", action="POST /api/admin/context/{contextField}/legal-values")
@pytest.mark.causes(
    "context-field-updated", action="DELETE /api/admin/context/{contextField}/legal-values/{legalValue}"
)
@pytest.mark.causes("context-field-deleted", action="DELETE /api/admin/context/{contextField}")
def test_the_life_of_a_field(server: TestServer) -> None:
    live(server, FIELDS)


@pytest.mark.causes("context-field-created", action="POST /api/admin/projects/{projectId}/context")
@pytest.mark.causes("context-field-updated", action="PUT /api/admin/projects/{projectId}/context/{contextField}")
@pytest.mark.causes(
    "context-field-updated", action="POST /api/admin/projects/{projectId}/context/{contextField}/legal-values"
)
@pytest.mark.causes(
    "context-field-updated",
    action="DELETE /api/admin/projects/{projectId}/context/{contextField}/legal-values/{legalValue}",
)
@pytest.mark.causes("context-field-deleted", action="DELETE /api/admin/projects/{projectId}/context/{contextField}")
def test_the_life_of_a_field_of_a_project(server: TestServer) -> None:
    live(server, OWN)


def test_constraints_keep_to_the_legal_values_and_fields_in_use_stay(server: TestServer) -> None:
    add_project(server, "other")
    names = [each["name"] for each in server.get(FIELDS).json()]
    assert names == ["appName", "currentTime", "environment", "sessionId", "userId"]
    server.post("/api/admin/projects/default/features", json={"name": "flag"})
    server.post(FIELDS, json={"name": "tier", "legalValues": [GOLD, SILVER]})
    server.post(OWN, json={"name": "team"})
    wrong = {"name": "default", "constraints": [on("tier", "gold", "iron")]}
    for refused in (
        server.post(STRATEGIES, json=wrong),
        server.post("/api/admin/segments", json={**wrong, "name": "s"}),
        server.post("/api/admin/constraints/validate", json=on("tier", "iron")),
        server.post(
            f"/api/admin/projects/default/environments/{PLACE}/default-strategy",
            json={**wrong, "name": "flexibleRollout", "parameters": {}},
        ),
    ):
        assert refused.status_code == 400, refused.text
        assert "'iron' is not among the legal values of the context field 'tier'" in refused.text
    made = server.post(STRATEGIES, json={"name": "default", "constraints": [on("tier", "gold"), on("team", "a")]})
    assert made.status_code == 200, made.text
    use = {"id": made.json()["id"], "projectId": "default", "featureName": "flag", "strategyName": "default"}
    for path in (f"{FIELDS}/tier", f"{OWN}/tier", f"{OWN}/team", f"{FIELDS}/team"):
        assert server.get(path + "/strategies").json() == {"strategies": [{**use, "environment": PLACE}]}
    assert server.get("/api/admin/projects/other/context/tier/strategies").json() == {"strategies": []}
    assert server.get(f"{FIELDS}/nobodys/strategies").json() == {"strategies": []}
    used = {each["name"]: each["usedInFeatures"] for each in server.get(FIELDS + "?include=project").json()}
    assert (used["tier"], used["team"], used["userId"]) == (1, 1, 0)
    assert [each["name"] for each in server.get(OWN).json()] == ["team"]
    assert len(server.get(OWN + "?include=global").json()) == 7

    values = {"legalValues": [SILVER]}
    for refused in (
        server.delete(f"{FIELDS}/tier/legal-values/gold"),
        server.put(f"{FIELDS}/tier", json={**values, "description": "changed"}),
    ):
        assert refused.status_code == 409
        assert refused.json()["message"] == (
            "Strategies or segments compare the context field 'tier' with 'gold'. Change those first; revive or delete "
            "archived flags that do so."
        )
    assert server.get(f"{FIELDS}/tier").json()["legalValues"] == [GOLD, SILVER], "nothing of it is stored"
    assert server.put(f"{FIELDS}/tier", json={"legalValues": []}).status_code == 200, "then every value is legal"
    assert server.put(f"{FIELDS}/tier", json=values).status_code == 200
    strategy = f"{STRATEGIES}/{use['id']}"
    stays = server.put(strategy, json={"title": "stays", "constraints": [on("tier", "gold"), on("tier", "silver")]})
    assert stays.status_code == 200, "a constraint that was there may keep its value"
    assert server.put(strategy, json={"constraints": [on("tier", "silver", "gold")]}).status_code == 400
    assert server.delete(f"{FIELDS}/tier").status_code == 409
    assert server.delete(f"{OWN}/team").status_code == 200, "no constraint is about it any more"
    assert server.put(f"{FIELDS}/tier", json={"project": "other"}).status_code == 403
    assert server.put(f"{FIELDS}/tier", json={"project": "none"}).status_code == 404
    server.delete(strategy)
    assert server.put(f"{FIELDS}/tier", json={"project": "other"}).status_code == 200
    assert server.get(f"{FIELDS}/tier").json()["project"] == "other"
    assert server.delete(f"{FIELDS}/tier").status_code == 200
    make_segment(server, "by app")
    segment = server.get("/api/admin/segments").json()["segments"][0]["id"]
    server.put(f"/api/admin/segments/{segment}", json={"name": "by app", "constraints": [on("appName", "x")]})
    assert server.delete(f"{FIELDS}/appName").status_code == 409


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "/body/name"),
    ({"name": ""}, "/body/name"),
    ({"name": "a b"}, "/body/name"),
    ({"name": "x" * 101}, "/body/name"),
    ({"name": ".."}, "/body/name"),
    ({"name": "x", "description": "x" * 251}, "/body/description"),
    ({"name": "x", "sortOrder": -1}, "/body/sortOrder"),
    ({"name": "x", "sortOrder": 2**40}, "/body/sortOrder"),
    ({"name": "x", "legalValues": [{"value": ""}]}, "/body/legalValues/0/value"),
    ({"name": "x", "legalValues": [GOLD, {"value": "a\n"}]}, "/body/legalValues/1/value"),
    ({"name": "x", "legalValues": [GOLD, {"value": "gold"}]}, "/body/legalValues/1/value"),
    ({"name": "x", "legalValues": [{"value": "a", "description": "x" * 251}]}, "/body/legalValues/0/description"),
    ({"name": "x", "legalValues": [{"value": []}]}, "/body/legalValues/0/value"),
    ({"name": "x", "legalValues": [{"value": "v"}] * 1001}, "/body/legalValues"),
]


def test_a_malformed_field_is_refused_whole(server: TestServer) -> None:
    before = server.last_id()
    for fields in (FIELDS, OWN):
        for body, path in WRONG:
            answer = server.post(fields, json=body)
            assert answer.status_code == 400, (body, answer.text)
            assert set(answer.json()) == {"id", "name", "message", "details"}
            assert path in [detail.get("path") for detail in answer.json()["details"]], (body, answer.text)
    for body, _ in WRONG[8:10]:
        value = body["legalValues"][-1]
        assert server.post(f"{FIELDS}/userId/legal-values", json=value).status_code == 400
    assert server.post("/api/admin/projects/none/context", json={"name": "x"}).status_code == 404
    assert server.post(FIELDS, json={"name": "x", "project": "none"}).status_code == 404
    assert server.put(f"{FIELDS}/none", json={}).status_code == 404
    assert server.last_id() == before
