"""Strategy definitions over HTTP."""

from typing import Any

import pytest

from tests.people import person
from tests.server import BACKEND, TestServer

STRATEGIES = "/api/admin/strategies"
BY_PLAN = {"name": "byPlan", "parameters": [{"name": "plan", "type": "string", "required": True}]}
KEPT = {
    "name": "byPlan",
    "displayName": None,
    "description": None,
    "title": None,
    "parameters": [{"name": "plan", "type": "string", "description": "", "required": True}],
    "editable": True,
    "deprecated": False,
}
PAYLOAD = {key: value for key, value in KEPT.items() if key != "displayName"}


def test_all_strategies(server: TestServer) -> None:
    answer = server.get(STRATEGIES)
    assert answer.status_code == 200
    assert answer.json()["version"] == 1
    found = {each["name"]: each for each in answer.json()["strategies"]}
    assert list(found) == ["flexibleRollout", "default", "remoteAddress", "applicationHostname"]
    assert not any(each["editable"] or each["deprecated"] for each in found.values())
    assert [each["name"] for each in found["flexibleRollout"]["parameters"]] == ["rollout", "stickiness", "groupId"]


@pytest.mark.causes("strategy-created", action="POST /api/admin/strategies")
def test_a_custom_strategy(server: TestServer) -> None:
    before = server.last_id()
    answer = server.post(STRATEGIES, json=BY_PLAN)
    assert (answer.status_code, answer.json()) == (201, KEPT)
    assert answer.headers["location"] == "strategies/byPlan"
    assert server.get(f"{STRATEGIES}/byPlan").json() == KEPT

    (event,) = server.events_after(before)
    assert (event["type"], event["data"], event["preData"]) == ("strategy-created", PAYLOAD, None)
    assert event["label"] == "Strategy created"
    assert "created strategy **byPlan**" in event["summary"]


@pytest.mark.causes("strategy-updated", action="PUT /api/admin/strategies/{name}")
def test_a_changed_strategy(server: TestServer) -> None:
    server.post(STRATEGIES, json=BY_PLAN)
    before = server.last_id()
    change = {"description": "By plan", "parameters": []}
    for _ in range(2):
        assert server.put(f"{STRATEGIES}/byPlan", json=change).status_code == 200
    assert server.get(f"{STRATEGIES}/byPlan").json() == {**KEPT, **change}

    (event,) = server.events_after(before)
    assert (event["type"], event["data"], event["preData"]) == ("strategy-updated", {**PAYLOAD, **change}, PAYLOAD)


@pytest.mark.causes("strategy-deprecated", action="POST /api/admin/strategies/{strategyName}/deprecate")
@pytest.mark.causes("strategy-reactivated", action="POST /api/admin/strategies/{strategyName}/reactivate")
def test_a_strategy_that_is_no_longer_offered(server: TestServer) -> None:
    before = server.last_id()
    for _ in range(2):
        assert server.post(f"{STRATEGIES}/remoteAddress/deprecate").status_code == 200
    assert server.get(f"{STRATEGIES}/remoteAddress").json()["deprecated"]
    for _ in range(2):
        assert server.post(f"{STRATEGIES}/remoteAddress/reactivate").status_code == 200
    assert not server.get(f"{STRATEGIES}/remoteAddress").json()["deprecated"]

    found = [(each["type"], each["data"], each["preData"]) for each in server.events_after(before)]
    assert found == [
        ("strategy-deprecated", {"name": "remoteAddress"}, None),
        ("strategy-reactivated", {"name": "remoteAddress"}, None),
    ]


@pytest.mark.causes("strategy-deleted", action="DELETE /api/admin/strategies/{name}")
def test_a_strategy_that_nobody_uses_can_be_deleted(server: TestServer) -> None:
    server.post(STRATEGIES, json=BY_PLAN)
    before = server.last_id()
    assert server.delete(f"{STRATEGIES}/byPlan").status_code == 200
    assert server.get(f"{STRATEGIES}/byPlan").status_code == 404
    (event,) = server.events_after(before)
    assert (event["type"], event["data"], event["preData"]) == ("strategy-deleted", {"name": "byPlan"}, None)


@pytest.mark.parametrize("archived", [False, True])
def test_a_strategy_that_a_flag_uses_stays(server: TestServer, archived: bool) -> None:
    flag = "/api/admin/projects/default/features/checkout"
    server.post(STRATEGIES, json=BY_PLAN)
    server.post("/api/admin/projects/default/features", json={"name": "checkout"})
    body = {"name": "byPlan", "parameters": {"plan": "gold"}}
    assert server.post(f"{flag}/environments/production/strategies", json=body).status_code == 200
    if archived:
        server.delete(flag)
    before = server.last_id()
    answer = server.delete(f"{STRATEGIES}/byPlan")
    assert (answer.status_code, answer.json()["name"]) == (409, "ConflictError")
    assert answer.json()["message"].endswith("by checkout. Remove it from them first; revive or delete archived ones.")
    assert server.last_id() == before


@pytest.mark.parametrize("name", ["default", "flexibleRollout", "remoteAddress", "applicationHostname"])
def test_built_in_strategies_stay_as_they_are(server: TestServer, name: str) -> None:
    before = server.last_id()
    changed = server.put(f"{STRATEGIES}/{name}", json={"parameters": []})
    deleted = server.delete(f"{STRATEGIES}/{name}")
    assert [changed.status_code, deleted.status_code] == [403, 403]
    assert changed.json()["name"] == "ForbiddenError"
    assert server.last_id() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**BY_PLAN, "name": "default"}, 409),
        ({**BY_PLAN, "name": "a/b"}, 400),
        ({**BY_PLAN, "name": ""}, 400),
        ({"name": "byPlan"}, 400),
        ({**BY_PLAN, "parameters": [{"name": "plan", "type": "colour"}]}, 400),
        ({**BY_PLAN, "parameters": [{"name": "", "type": "string"}]}, 400),
        ({**BY_PLAN, "description": "NUL \0"}, 400),
    ],
)
def test_a_strategy_that_cannot_be_made(server: TestServer, body: dict[str, Any], status: int) -> None:
    before = server.last_id()
    answer = server.post(STRATEGIES, json=body)
    assert answer.status_code == status
    assert {"id", "name", "message", "details"} <= answer.json().keys()
    assert server.last_id() == before


def test_unknown_strategies(server: TestServer) -> None:
    nobody = f"{STRATEGIES}/nobody"
    answers = [
        server.get(nobody),
        server.put(nobody, json={"parameters": []}),
        server.delete(nobody),
        server.post(f"{nobody}/deprecate"),
        server.post(f"{nobody}/reactivate"),
    ]
    assert [each.status_code for each in answers] == [404] * 5


def test_only_people_who_may_are_let_in(server: TestServer) -> None:
    viewer, editor = person(server, "viewer").token, person(server, "editor", "Editor").token
    server.post(STRATEGIES, json=BY_PLAN)
    before = server.last_id()
    for method, path, body in (
        ("POST", STRATEGIES, {**BY_PLAN, "name": "other"}),
        ("PUT", f"{STRATEGIES}/byPlan", {"parameters": []}),
        ("POST", f"{STRATEGIES}/byPlan/deprecate", None),
        ("POST", f"{STRATEGIES}/byPlan/reactivate", None),
        ("DELETE", f"{STRATEGIES}/byPlan", None),
    ):
        more: dict[str, Any] = {} if body is None else {"json": body}
        for token in (viewer, BACKEND):
            assert server.request(method, path, token=token, **more).status_code == 403
        assert server.request(method, path, token=None, **more).status_code == 401
    assert server.events_after(before) == []
    assert server.get(STRATEGIES, token=viewer).status_code == 200
    assert server.get(STRATEGIES, token=None).status_code == 401
    assert server.delete(f"{STRATEGIES}/byPlan", token=editor).status_code == 200
