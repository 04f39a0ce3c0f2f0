"""About whom flags are asked, and what is sent of them: without a server."""

import random
from typing import Any

import pytest
from msgspec import UNSET

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.evaluation.document import (
    ClientDependency,
    ClientFeature,
    ClientStrategy,
    ClientVariant,
    ClientVariantPayload,
)
from flagkeeper.evaluation.flag import CompiledFlag
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData
from flagkeeper.readmodels.remote_evaluation import contexts
from flagkeeper.readmodels.remote_evaluation.contexts import MOST_FIELDS
from flagkeeper.readmodels.remote_evaluation.pieces import ReadyFlag, evaluation, value_of

ANN = Constraint(context_name="userId", operator="IN", values=["ann"])


def queried(text: str) -> list[tuple[str, Any]]:
    return list(contexts.from_query(text.encode()))


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", []),
        ("a=1&&b=2&", [("a", "1"), ("b", "2")]),
        ("a", [("a", "")]),
        ("a=1=2", [("a", "1=2")]),
        ("a=x+y", [("a", "x y")]),
        ("a%20b=%C3%BC", [("a b", "ü")]),
        ("properties[region]=eu", [("region", "eu")]),
        ("properties%5Bregion%5D=eu", [("region", "eu")]),
        ("properties[]=eu", [("", "eu")]),
        ("properties[region=eu", [("properties[region", "eu")]),
        ("region]=eu", [("region]", "eu")]),
        ("properties[userId]=ann&userId=bob", [("userId", "bob")]),
        ("a=1&a=2", [("a", "1"), ("a", "2")]),
    ],
)
def test_the_fields_of_a_query(query: str, fields: list[tuple[str, str]]) -> None:
    assert queried(query) == fields


def test_a_query_has_so_many_fields_at_most() -> None:
    assert len(queried("&".join(f"p{i}=x" for i in range(MOST_FIELDS)))) == MOST_FIELDS
    with pytest.raises(BadData, match="at most 500"):
        queried("&".join(f"p{i}=x" for i in range(MOST_FIELDS + 1)))


def test_the_fields_of_a_body() -> None:
    body = {"userId": "ann", "plan": "pro", "properties": {"plan": "free", "userId": "bob", "region": "eu"}}
    found = list(contexts.from_body(body))
    assert found == [("plan", "free"), ("region", "eu"), ("userId", "ann"), ("plan", "pro")], "the last one counts"
    assert list(contexts.from_body({"properties": None, "a": 1})) == [("a", 1)]
    for wrong in ("x", 7, ["x"]):
        with pytest.raises(BadData) as failed:
            list(contexts.from_body({"properties": wrong}))
        assert failed.value.details[0].path == "/body/context/properties"


def test_a_targeting_key_is_the_user() -> None:
    assert list(contexts.of_openfeature({"targetingKey": "ann", "userId": "bob"}))[-1] == ("userId", "ann")
    for nobody in ({}, {"targetingKey": None}):
        assert list(contexts.of_openfeature({**nobody, "plan": "pro"})) == [("plan", "pro")]
    with pytest.raises(BadData) as failed:
        list(contexts.of_openfeature({"targetingKey": 7}))
    assert failed.value.details[0].path == "/body/context/targetingKey"


def test_values_are_texts_and_some_are_the_servers() -> None:
    before = clock.to_iso(clock.now())
    given = {"n": 7, "f": 1.5, "b": True, "none": None, "list": [1], "environment": "mine", "currentTime": "1999-01-01"}
    found = contexts.read(given.items(), "production", "10.0.0.1")
    now = found.pop("currentTime")
    assert before <= now <= clock.to_iso(clock.now())
    assert found == {"n": "7", "f": "1.5", "b": "true", "environment": "production", "remoteAddress": "10.0.0.1"}


def test_an_empty_name_is_nobodys_and_an_empty_property_is_one() -> None:
    empty = dict.fromkeys(("userId", "sessionId", "remoteAddress", "appName", "plan"), "")
    found = contexts.read(empty.items(), "production", "10.0.0.1")
    assert (found["plan"], found["remoteAddress"]) == ("", "10.0.0.1")
    assert not {"userId", "sessionId", "appName"} & found.keys()
    assert "remoteAddress" not in contexts.read([], "production", "")
    assert contexts.read([("remoteAddress", "::1")], "production", "10.0.0.1")["remoteAddress"] == "::1"


def test_who_has_no_session_gets_one_of_many() -> None:
    assert contexts.with_session({"sessionId": "mine"}, random.Random(1)) == {"sessionId": "mine"}
    made = {contexts.with_session({}, random.Random(seed))["sessionId"] for seed in range(20)}
    assert len(made) == 20
    assert all(each.isdecimal() for each in made)


def strategy(name: str = "default", *constraints: Constraint, variants: int = 0, **parameters: str) -> ClientStrategy:
    return ClientStrategy(
        name=name,
        constraints=list(constraints),
        parameters=dict(parameters),
        variants=[variant(f"v{i}", "default") for i in range(variants)],
    )


def variant(name: str, stickiness: str, payload: ClientVariantPayload | None = None) -> ClientVariant:
    return ClientVariant(name=name, weight=500, weight_type="variable", stickiness=stickiness, payload=payload or UNSET)


def flag(*strategies: ClientStrategy, enabled: bool = True, **more: Any) -> CompiledFlag:
    whole: dict[str, Any] = {
        "name": "f",
        "type": "release",
        "enabled": enabled,
        "project": "web",
        "stale": False,
        "variants": [],
        "description": None,
        "impression_data": False,
        "strategies": list(strategies),
        **more,
    }
    return CompiledFlag(ClientFeature(**whole), {}, hostname="", chance=random.Random(1))


def rollout(percent: int, stickiness: str | None = "userId", *constraints: Constraint) -> ClientStrategy:
    more: dict[str, Any] = {} if stickiness is None else {"stickiness": stickiness}
    return strategy("flexibleRollout", *constraints, rollout=str(percent), groupId="g", **more)


@pytest.mark.parametrize(
    ("compiled", "needs"),
    [
        (flag(strategy()), False),
        (flag(rollout(50)), True),
        (flag(rollout(50, None)), True),
        (flag(rollout(50, "default")), True),
        (flag(rollout(50, "sessionId")), False),
        (flag(rollout(50, "random")), False),
        (flag(rollout(0, "userId", ANN), strategy("default", ANN)), False),
        (flag(rollout(100, "userId", ANN)), False),
        (flag(rollout(1, "userId", ANN)), True),
        (flag(rollout(50), enabled=False), False),
        (flag(strategy("gradualRolloutUserId", percentage="50", groupId="g")), True),
        (flag(strategy("gradualRolloutSessionId", percentage="50", groupId="g")), False),
        (flag(strategy("gradualRolloutRandom", percentage="50")), False),
        (flag(strategy("default", ANN, variants=1)), False),
        (flag(strategy("default", ANN, variants=2)), True),
        (flag(strategy("default", ANN), variants=[variant("a", "default")]), False),
        (flag(strategy("default", ANN), variants=[variant("a", "default"), variant("b", "random")]), True),
        (flag(strategy("default", ANN), variants=[variant("a", "random"), variant("b", "default")]), False),
    ],
)
def test_what_is_shared_out_by_user_needs_one(compiled: CompiledFlag, needs: bool) -> None:
    ready = ReadyFlag(b"", compiled)
    assert ready.needs_user is needs
    assert b'"errorCode":"TARGETING_KEY_MISSING"' in ready.lacks_user[0]


PARENT = [ClientDependency(feature="parent", enabled=True, variants=[])]


@pytest.mark.parametrize(
    ("compiled", "off", "on"),
    [
        (flag(strategy()), "STATIC", "STATIC"),
        (flag(strategy(), enabled=False), "DISABLED", "DISABLED"),
        (flag(strategy(), dependencies=PARENT), "DEFAULT", "TARGETING_MATCH"),
        (flag(strategy("default", ANN)), "DEFAULT", "TARGETING_MATCH"),
        (flag(rollout(50)), "DEFAULT", "SPLIT"),
        (flag(rollout(100, "userId", ANN)), "DEFAULT", "TARGETING_MATCH"),
        (flag(strategy("gradualRolloutRandom", percentage="50")), "DEFAULT", "SPLIT"),
    ],
)
def test_reasons(compiled: CompiledFlag, off: str, on: str) -> None:
    assert [evaluation(compiled, outcome).reason for outcome in (0, 1)] == [off, on]


def test_pieces_end_with_a_comma_and_nothing_is_sent_of_what_is_off() -> None:
    ready = ReadyFlag(b"", flag(rollout(50)))
    off, on = ready.toggles
    assert (off[-1:], on[-1:]) == (b",", b",")
    assert (b'"enabled":false' in off, b'"enabled":true' in on) == (True, True)
    assert ready.toggles_on == [b"", on]
    assert [each[-2:] for each in ready.evaluated] == [b"},", b"},"]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "5", "5"),
        ("csv", "1,2", "1,2"),
        ("json", "{", "{"),
        ("json", "\ud800", "\ud800"),
        ("number", "many", "many"),
        ("number", "+5", 5.0),
        ("number", ".5", 0.5),
    ],
)
def test_a_payload_that_is_not_what_it_says_is_text(kind: Any, text: str, value: Any) -> None:
    found = value_of(variant("v", "default", ClientVariantPayload(type=kind, value=text)))
    assert (found, type(found)) == (value, type(value))


def test_a_variant_without_a_payload_has_its_name_as_value() -> None:
    assert value_of(variant("blue", "default")) == "blue"
