"""The contexts that the playground is asked about, and what it shows of each rule: without a server."""

import random
from typing import Any

import msgspec
import pytest

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue.payload import StrategyData, VariantData
from flagkeeper.features.flags.model.environment import FlagEnvironment
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.segments.model import Segment
from flagkeeper.kernel.errors import BadData
from flagkeeper.readmodels.playground.model import (
    MOST_RESULTS,
    Asked,
    Field,
    Played,
    demand_room,
    evaluator,
    read_context,
)
from flagkeeper.readmodels.playground.schemas import UNKNOWN, shown

NOW = "2026-11-30T00:00:00.000Z"
EU = Constraint(context_name="region", operator="IN", values=["eu"])
EUROPE = Segment(id=7, name="europe", description=None, constraints=[EU], project=None, created_by="ada", created_at=0)


def asked(several: bool = True, **context: Any) -> Asked:
    return read_context({"appName": "a", **context}, several=several)


def test_every_combination_of_values_is_a_context() -> None:
    found = asked(userId="1, 2,,1", plan="pro,free", cart=None)
    assert (found.size, found.invalid) == (4, [])
    assert [each.shown() for each in found.contexts()] == [
        {"appName": "a", "userId": user, "plan": plan} for user in "12" for plan in ("pro", "free")
    ]
    assert asked(userId=" , ").fields[1].values == [" , "], "nothing but commas is a value itself"
    assert asked(several=False, userId="1,2").fields[1].values == ("1,2",)


def test_what_is_no_text_is_read_as_one_or_left_out() -> None:
    given: dict[str, Any] = {"n": 7, "f": 0.5, "b": False, "list": [1], "map": {}}
    found = asked(**given)
    assert {each.name: each.values for each in found.fields} == {
        "appName": ["a"],
        "n": ["7"],
        "f": ["0.5"],
        "b": ["false"],
    }
    assert found.invalid == ["list", "map"]
    with pytest.raises(BadData) as failed:
        asked(several=False, **given)
    assert [each.path for each in failed.value.details] == ["/body/context/list", "/body/context/map"]


def test_fields_of_the_context_take_the_place_of_properties() -> None:
    (sent,) = asked(userId="ann", properties={"userId": "bob", "plan": "pro"}, region="eu").contexts()
    assert sent.shown() == {
        "appName": "a",
        "userId": "ann",
        "region": "eu",
        "properties": {"userId": "bob", "plan": "pro"},
    }
    context = sent.context("production", NOW)
    assert (context.user_id, context.app_name, context.environment) == ("ann", "a", "production")
    assert (context.current_time, context.session_id, context.remote_address) == (NOW, None, None)
    assert context.properties == {"plan": "pro", "region": "eu"}
    (only,) = asked(properties={"userId": "bob"}, currentTime="2020-01-01T00:00:00Z").contexts()
    assert only.context("production", NOW).user_id == "bob"
    assert only.context("production", NOW).current_time == "2020-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("context", "path"),
    [
        ({"appName": ""}, "appName"),
        ({"appName": ","}, None),
        ({"properties": {"appName": ""}}, None),
        ({"properties": []}, "properties"),
        ({"properties": None}, None),
        ({"currentTime": "soon"}, "currentTime"),
        ({"currentTime": "2026-01-01T00:00:00Z,soon"}, "currentTime"),
        ({"properties": {"currentTime": "soon"}}, None),
    ],
)
def test_contexts_that_are_none(context: dict[str, Any], path: str | None) -> None:
    if path is None:
        asked(**context)
        return
    with pytest.raises(BadData) as failed:
        asked(**context)
    assert [each.path for each in failed.value.details] == [f"/body/context/{path}"]


def test_so_many_results_and_no_more() -> None:
    two = Asked([Field("userId", ["1", "2"])], [])
    assert two.size == 2
    demand_room(MOST_RESULTS // 2, 1, two)
    demand_room(MOST_RESULTS // 6, 3, two)
    for flags, environments in ((MOST_RESULTS // 2 + 1, 1), (MOST_RESULTS // 6 + 1, 3)):
        with pytest.raises(BadData, match="At most 15,000"):
            demand_room(flags, environments, two)


FLAG = msgspec.convert(
    {
        "name": "check out",
        "project": "web",
        "type": "release",
        "description": None,
        "stale": False,
        "potentiallyStale": False,
        "impressionData": False,
        "createdAt": 0,
        "createdBy": "ada",
        "createdByUserId": 1,
        "archivedAt": None,
    },
    Flag,
)
BLUE, RED = (VariantData(name=name, weight=1000, weight_type="fix", stickiness="default") for name in ("blue", "red"))


def strategy(name: str = "default", *constraints: Constraint, **more: Any) -> StrategyData:
    whole: dict[str, Any] = {
        "id": "s",
        "title": None,
        "disabled": False,
        "parameters": {},
        "variants": [],
        "sort_order": 0,
        "segments": [],
        **more,
    }
    return StrategyData(name=name, constraints=list(constraints), **whole)


def told(*strategies: StrategyData, variants: list[VariantData] | None = None, **context: str) -> Any:
    """What the playground shows of a flag with these strategies."""
    state = FlagEnvironment(enabled=True, variants=variants or [], strategies=list(strategies))
    (sent,) = asked(several=False, **context).contexts()
    explained = evaluator([(FLAG, state)], {}, [EUROPE], random.Random(1)).explain(FLAG.name, sent.context("dev", NOW))
    assert explained is not None
    return msgspec.to_builtins(shown(Played(FLAG, "dev", state, sent, explained), {EUROPE.id: EUROPE}))


def results(found: Any) -> list[tuple[str, Any]]:
    said = [each["result"] for each in found["strategies"]["data"]]
    return [(each["evaluationStatus"], each["enabled"]) for each in said]


def test_strategies_that_are_disabled_say_nothing() -> None:
    found = told(strategy(disabled=True), strategy("default", EU), strategy(disabled=True), strategy(), region="us")
    unasked = ("unevaluated", UNKNOWN)
    assert results(found) == [unasked, ("complete", False), unasked, ("complete", True)]
    assert (found["isEnabled"], found["strategies"]["result"]) == (True, True)
    nobody = told(strategy(disabled=True))
    assert (nobody["isEnabled"], nobody["strategies"]["result"]) == (True, True), "without strategies it is on for all"


@pytest.mark.parametrize(
    ("rules", "strategies", "together"),
    [
        ([strategy("own")], [("incomplete", UNKNOWN)], UNKNOWN),
        ([strategy("own", EU)], [("incomplete", False)], False),
        ([strategy("own", segments=[7])], [("incomplete", False)], False),
        ([strategy("own", EU), strategy("own")], [("incomplete", False), ("incomplete", UNKNOWN)], UNKNOWN),
        ([strategy("default", EU)], [("complete", False)], False),
        ([strategy("own"), strategy()], [("incomplete", UNKNOWN), ("complete", True)], True),
    ],
)
def test_a_rule_of_an_application_may_hold_where_the_rest_does(
    rules: list[StrategyData], strategies: list[tuple[str, Any]], together: Any
) -> None:
    found = told(*rules, region="us")
    assert (results(found), found["strategies"]["result"]) == (strategies, together)


def test_what_no_sdk_can_read_is_incomplete() -> None:
    broken = Constraint(context_name="v", operator="SEMVER_EQ", value="no version")
    found = told(strategy("default", broken, segments=[7]), v="1.2.3", region="eu")
    assert (results(found), found["strategies"]["result"], found["isEnabled"]) == (
        [("incomplete", False)],
        False,
        False,
    )
    (said,) = found["strategies"]["data"]
    assert [each["result"] for each in said["constraints"]] == [False]
    (segment,) = said["segments"]
    assert (segment["id"], segment["result"], segment["constraints"][0]["result"]) == (7, False, False)


def test_segments_that_are_gone_are_not_shown() -> None:
    for segments, holds in (([7], True), ([7, 8], False)):
        (said,) = told(strategy(segments=segments), region="eu")["strategies"]["data"]
        assert [(each["id"], each["name"], each["result"]) for each in said["segments"]] == [(7, "europe", holds)]


def test_the_variants_are_those_of_the_strategy_that_holds_or_else_of_the_flag() -> None:
    own = strategy("default", EU, variants=[BLUE], title="for Europe")
    for region, variants, variant in (("eu", "blue", "blue"), ("us", "red", "red")):
        found = told(own, strategy(), variants=[RED], region=region)
        assert ([each["name"] for each in found["variants"]], found["variant"]["name"]) == ([variants], variant)
    first, second = told(own, strategy(), variants=[RED], region="us")["strategies"]["data"]
    assert (first["title"], first["result"]["variants"][0]["name"]) == ("for Europe", "blue")
    assert first["result"]["variant"] == {"name": "blue", "enabled": True}
    assert "title" not in second
    assert {"variant", "variants"}.isdisjoint(second["result"])
    assert first["links"]["edit"].startswith("/projects/web/features/check%20out/strategies/edit?")
    none = told(strategy("default", EU), region="us")
    assert none["variant"] == {"name": "disabled", "enabled": False, "feature_enabled": False, "featureEnabled": False}
