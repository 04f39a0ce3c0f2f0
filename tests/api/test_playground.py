"""The playground says what SDKs will do, and why."""

from typing import Any

import pytest

from flagkeeper.kernel import clock
from flagkeeper.readmodels.playground import model
from flagkeeper.readmodels.playground.model import MOST_RESULTS
from tests.projects import add_project
from tests.server import TestServer

Json = dict[str, Any]
FLAGS = "/api/admin/projects/default/features"
BASIC, ADVANCED = "/api/admin/playground", "/api/admin/playground/advanced"
BLUE = {"name": "blue", "weight": 1000, "weightType": "fix", "stickiness": "default"}
BLUE |= {"payload": {"type": "string", "value": "#00f"}}
ONE = {"contextName": "userId", "operator": "IN", "values": ["1"]}


def ask(server: TestServer, path: str, body: Json, status: int = 200) -> Any:
    answer = server.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def make_flag(server: TestServer, name: str, *strategies: Json, on: str | None = "development") -> list[str]:
    """Returns the ids of the strategies."""
    assert server.post(FLAGS, json={"name": name}).status_code == 201
    place = f"{FLAGS}/{name}/environments/development"
    ids = []
    for each in strategies:
        answer = server.post(f"{place}/strategies", json=each)
        assert answer.status_code == 200, answer.text
        ids.append(answer.json()["id"])
    if on:
        assert server.post(f"{FLAGS}/{name}/environments/{on}/on").status_code == 200
    return ids


def test_each_part_of_a_flag_says_what_it_decided(server: TestServer) -> None:
    rule = {"contextName": "userId", "operator": "IN", "values": ["1", "2"], "inverted": False}
    segment = {"name": "some people", "constraints": [{**rule, "caseInsensitive": False}]}
    segment_id = server.post("/api/admin/segments", json=segment).json()["id"]
    plan = {"contextName": "plan", "operator": "STR_CONTAINS", "values": ["pro"], "caseInsensitive": True}
    first, second, third = make_flag(
        server,
        "checkout",
        {
            "name": "flexibleRollout",
            "title": "for professionals",
            "constraints": [plan],
            "segments": [segment_id],
            "variants": [BLUE],
        },
        {"name": "remoteAddress", "parameters": {"IPs": "10.0.0.1"}},
        {"name": "default", "disabled": True},
    )
    body = {"environment": "development", "projects": "*", "context": {"appName": "a", "userId": "1", "plan": "PRO"}}
    found = ask(server, BASIC, body)
    assert found["input"] == body
    (flag,) = found["features"]
    strategies = flag.pop("strategies")
    variants = [BLUE]
    drawn = {"name": "blue", "enabled": True, "payload": BLUE["payload"]}
    assert flag == {
        "name": "checkout",
        "projectId": "default",
        "isEnabled": True,
        "isEnabledInCurrentEnvironment": True,
        "hasUnsatisfiedDependency": False,
        "variant": {**drawn, "feature_enabled": True, "featureEnabled": True},
        "variants": variants,
    }
    assert strategies["result"] is True
    said, denied, disabled = strategies["data"]
    assert said == {
        "name": "flexibleRollout",
        "id": first,
        "title": "for professionals",
        "disabled": False,
        "parameters": {"groupId": "checkout", "rollout": "100", "stickiness": "default"},
        "result": {"evaluationStatus": "complete", "enabled": True, "variant": drawn, "variants": variants},
        "constraints": [{**plan, "inverted": False, "result": True}],
        "segments": [
            {"id": segment_id, "name": "some people", "result": True}
            | {"constraints": [{**rule, "caseInsensitive": False, "result": True}]}
        ],
        "links": {
            "edit": f"/projects/default/features/checkout/strategies/edit?environmentId=development&strategyId={first}"
        },
    }
    assert (denied["id"], denied["result"]) == (second, {"evaluationStatus": "complete", "enabled": False})
    unevaluated = {"evaluationStatus": "unevaluated", "enabled": "unknown"}
    assert (disabled["id"], disabled["disabled"], disabled["result"]) == (third, True, unevaluated)

    elsewhere = ask(server, BASIC, {**body, "context": {"appName": "a", "properties": {"plan": "free"}, "userId": 3}})
    (flag,) = elsewhere["features"]
    assert (flag["isEnabled"], flag["strategies"]["result"]) == (False, False)
    assert flag["variant"] == {"name": "disabled", "enabled": False, "feature_enabled": False, "featureEnabled": False}
    said = flag["strategies"]["data"][0]
    assert (said["constraints"][0]["result"], said["segments"][0]["result"]) == (False, False)
    assert said["result"] == {"evaluationStatus": "complete", "enabled": False, "variant": drawn, "variants": variants}
    assert ask(server, BASIC, {**body, "projects": ["nowhere"]})["features"] == []
    (flag,) = ask(server, BASIC, {**body, "environment": "production", "projects": ["default"]})["features"]
    assert (flag["isEnabled"], flag["isEnabledInCurrentEnvironment"]) == (False, False)
    assert flag["strategies"] == {"result": True, "data": []}

    own = {"name": "by-weather", "parameters": [], "description": ""}
    assert server.post("/api/admin/strategies", json=own).status_code == 201
    make_flag(server, "umbrella", {"name": "by-weather"}, {"name": "by-weather", "constraints": [rule]})
    umbrella = ask(server, BASIC, {**body, "context": {"appName": "a", "userId": "9"}})["features"][1]
    assert [each["result"]["enabled"] for each in umbrella["strategies"]["data"]] == ["unknown", False]
    assert (umbrella["isEnabled"], umbrella["strategies"]["result"]) == (False, "unknown")


def test_a_child_needs_its_parent(server: TestServer) -> None:
    make_flag(server, "parent", {"name": "default", "constraints": [ONE]})
    make_flag(server, "child", {"name": "default"})
    assert server.post(f"{FLAGS}/child/dependencies", json={"feature": "parent"}).status_code == 200
    body = {"environments": ["development"], "context": {"appName": "a", "userId": "1,2"}}
    found = {each["name"]: each["environments"]["development"] for each in ask(server, ADVANCED, body)["features"]}
    assert [each["hasUnsatisfiedDependency"] for each in found["child"]] == [False, True]
    assert [each["isEnabled"] for each in found["child"]] == [True, False]
    assert [each["strategies"]["result"] for each in found["child"]] == [True, True]


def test_every_combination_in_every_environment(server: TestServer) -> None:
    add_project(server, "other")
    make_flag(server, "checkout", {"name": "default", "constraints": [ONE]})
    assert server.post("/api/admin/projects/other/features", json={"name": "elsewhere"}).status_code == 201
    context: Json = {"appName": "a,b", "userId": "1, 2,1", "properties": {"plan": "pro"}, "cart": [1]}
    body = {"environments": ["development", "production"], "projects": ["default"], "context": context}
    found = ask(server, ADVANCED, body)
    assert (found["input"], found["warnings"]) == (body, {"invalidContextProperties": ["cart"]})
    (flag,) = found["features"]
    assert (flag["name"], flag["projectId"], list(flag["environments"])) == (
        "checkout",
        "default",
        body["environments"],
    )
    more = {"properties": {"plan": "pro"}}
    contexts = [{"appName": app, "userId": user, **more} for app in "ab" for user in "12"]
    for environment in body["environments"]:
        here = flag["environments"][environment]
        assert [each["context"] for each in here] == contexts
        assert {each["environment"] for each in here} == {environment}
        on = [environment == "development" and each["userId"] == "1" for each in contexts]
        assert [each["isEnabled"] for each in here] == on
    everywhere = ask(server, ADVANCED, {**body, "projects": "*"})
    assert [each["name"] for each in everywhere["features"]] == ["checkout", "elsewhere"]


def test_what_makes_no_sense_is_refused(server: TestServer) -> None:
    make_flag(server, "checkout")
    app = {"appName": "a"}
    many = ",".join(map(str, range(200)))
    refused: list[tuple[str, Json, str]] = [
        (BASIC, {"context": app}, "/body/environment"),
        (BASIC, {"environment": "development"}, "/body/context"),
        (BASIC, {"environment": "nowhere", "context": app}, "/body/environment"),
        (BASIC, {"environment": "development", "context": {}}, "/body/context/appName"),
        (BASIC, {"environment": "development", "context": {"appName": ""}}, "/body/context/appName"),
        (BASIC, {"environment": "development", "context": {**app, "userId": ["1"]}}, "/body/context/userId"),
        (BASIC, {"environment": "development", "context": {**app, "properties": "x"}}, "/body/context/properties"),
        (BASIC, {"environment": "development", "context": {**app, "currentTime": "soon"}}, "/body/context/currentTime"),
        (BASIC, {"environment": "development", "projects": "default", "context": app}, "/body/projects"),
        (ADVANCED, {"environments": [], "context": app}, "/body/environments"),
        (ADVANCED, {"environments": ["development", "nowhere"], "context": app}, "/body/environment"),
        (ADVANCED, {"environments": ["development"], "context": {**app, "userId": many, "x": many}}, "/body"),
    ]
    answer: Any = {}
    for path, body, place in refused:
        answer = ask(server, path, body, 400)
        assert answer["details"][0]["path"] == place, (body, answer)
    assert "40,000 results" in answer["message"]
    assert f"At most {MOST_RESULTS:,}" in answer["message"]
    now = {**app, "currentTime": clock.to_iso(clock.now()), "userId": True, "sessionId": None}
    ask(server, BASIC, {"environment": "development", "context": now})


def test_too_many_flags_are_refused_for_one_context_as_well(
    server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_flag(server, "checkout")
    make_flag(server, "search")
    body = {"environment": "development", "context": {"appName": "a"}}
    monkeypatch.setattr(model, "MOST_RESULTS", 2)
    assert [each["name"] for each in ask(server, BASIC, body)["features"]] == ["checkout", "search"]
    monkeypatch.setattr(model, "MOST_RESULTS", 1)
    refused = ask(server, BASIC, body, 400)
    assert refused["details"][0]["path"] == "/body"
    assert "That would be 2 results: 2 flags in 1 environments and 1 contexts." in refused["message"]
