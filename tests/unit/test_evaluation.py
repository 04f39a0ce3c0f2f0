"""Evaluation by itself: the numbers of the public specification, the edges, and explanations."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import UNSET, UnsetType

from flagkeeper.evaluation.constraint import IN_CIDR, Constraint, Operator, problems
from flagkeeper.evaluation.context import Context
from flagkeeper.evaluation.document import (
    ClientDependency,
    ClientFeature,
    ClientSegment,
    ClientStrategy,
    ClientVariant,
    VariantOverride,
)
from flagkeeper.evaluation.evaluator import Evaluator, evaluator_of
from flagkeeper.evaluation.flag import OFF, ON
from flagkeeper.evaluation.match import UnreadableError, matcher
from flagkeeper.evaluation.rollout import VARIANT_SEED, normalised
from flagkeeper.evaluation.strategy import Surroundings, parameter_problem, rule
from flagkeeper.evaluation.variant import NONE, choice, chosen

NOW = "2026-01-01T00:00:00Z"


def context(**fields: Any) -> Context:
    standard = {each: fields.pop(each) for each in list(fields) if each in Context.__struct_fields__}
    return Context(**{"current_time": NOW, "properties": fields, **standard})


def constraint(operator: str, *values: str, name: str = "x", **more: Any) -> Constraint:
    takes_list = operator.startswith(("IN", "NOT", "STR"))
    operand: dict[str, Any] = {"values": list(values)} if takes_list else {"value": values[0]}
    return Constraint(context_name=name, operator=operator, **operand, **more)


def strategy(name: str = "default", *constraints: Constraint, **more: Any) -> ClientStrategy:
    given = {"parameters": {}, "variants": [], **more}
    return ClientStrategy(name=name, constraints=list(constraints), **given)


def variant(name: str, weight: int = 1000, **more: Any) -> ClientVariant:
    return ClientVariant(name=name, weight=weight, **{"weight_type": "variable", "stickiness": "default", **more})


def flag(
    name: str,
    *strategies: ClientStrategy,
    variants: Sequence[ClientVariant] = (),
    enabled: bool = True,
    dependencies: list[ClientDependency] | UnsetType = UNSET,
) -> ClientFeature:
    return ClientFeature(
        name=name,
        type="release",
        enabled=enabled,
        project="default",
        stale=False,
        strategies=list(strategies),
        variants=list(variants),
        description=None,
        impression_data=False,
        dependencies=dependencies,
    )


def evaluator(*flags: ClientFeature, segments: Sequence[ClientSegment] = ()) -> Evaluator:
    return evaluator_of(flags, segments, chance=random.Random(1))


def is_on(of: Evaluator, name: str, asked: Context) -> bool:
    found = of.evaluate(name, asked)
    assert found is not None
    return found.enabled


def test_numbers_are_those_of_the_specification() -> None:
    assert [normalised("gr1", "123"), normalised("groupX", "999")] == [73, 25]
    found = [normalised(group, user, 10_000, VARIANT_SEED) for group, user in (("gr1", "123"), ("groupX", "999"))]
    assert found == [7796, 1260]


def test_a_rollout_has_everybody_up_to_its_percentage_and_nobody_beyond() -> None:
    for percent, expected in (("72", False), ("73", True)):
        given = {"rollout": percent, "stickiness": "userId", "groupId": "gr1"}
        found = evaluator(flag("f", strategy("flexibleRollout", parameters=given)))
        assert is_on(found, "f", context(user_id="123")) is expected


@pytest.mark.parametrize(
    ("rule_", "value", "expected"),
    [
        (constraint("IN", "a"), None, False),
        (constraint("IN", "a", inverted=True), None, True),
        (constraint("NOT_IN", "a"), None, True),
        (constraint("NOT_IN", "a", inverted=True), None, False),
        (constraint("NOT_IN", "a", inverted=True), "a", True),
        (constraint("IN", "A", case_insensitive=True), "a", False),
        (constraint("IN"), "a", False),
        (constraint("NOT_IN"), "a", True),
        (constraint("STR_STARTS_WITH", "x", "AB", case_insensitive=True), "abc", True),
        (constraint("STR_STARTS_WITH", "AB"), "abc", False),
        (constraint("STR_ENDS_WITH", "bc"), "abc", True),
        (constraint("STR_CONTAINS", "ß"), "Straße", True),
        (constraint("STR_CONTAINS", "a", inverted=True), None, True),
        (constraint("NUM_EQ", "5"), "5.0", True),
        (constraint("NUM_EQ", "0.3"), str(0.1 + 0.2), True),
        (constraint("NUM_GT", "5"), "five", False),
        (constraint("NUM_GT", "5"), "1_0", False),
        (constraint("NUM_GT", "5", inverted=True), "five", True),
        (constraint("NUM_LTE", "5"), "5", True),
        (constraint("NUM_LT", "5"), "5", False),
        (constraint("DATE_AFTER", NOW, name="currentTime"), None, False),
        (constraint("DATE_BEFORE", NOW, name="currentTime"), None, False),
        (constraint("DATE_AFTER", "2025-12-31T23:59:59.999Z", name="currentTime"), None, True),
        (constraint("DATE_BEFORE", NOW), "2026-01-01T00:59:59+01:00", True),
        (constraint("DATE_BEFORE", NOW), "2025-01-01", False),
        (constraint("SEMVER_EQ", "1.2.3+one"), "1.2.3+other", True),
        (constraint("SEMVER_GT", "1.2.3-beta.2"), "1.2.3-beta.11", True),
        (constraint("SEMVER_GT", "1.2.3-beta"), "1.2.3", True),
        (constraint("SEMVER_LT", "1.2.3-beta"), "1.2.3-1", True),
        (constraint("SEMVER_LT", "1.2.3-beta.1"), "1.2.3-beta", True),
        (constraint("SEMVER_GTE", "1.2.3"), "v1.2.3", False),
        (constraint("SEMVER_LTE", "1.2.3"), "1.2", False),
        (constraint("REGEX", "b+"), "abba", True),
        (constraint("REGEX", "B+"), "abba", False),
        (constraint("REGEX", "B+", case_insensitive=True), "abba", True),
        (constraint("REGEX", "(?=a)"), "a", False),
        (constraint(IN_CIDR, "no", "10.0.0.0/8"), "10.1.2.3", True),
        (constraint(IN_CIDR, "10.0.0.0/8"), "fe80::1%10", False),
        (constraint(IN_CIDR, "2001:db8::/32"), "10.1.2.3", False),
    ],
)
def test_constraints(rule_: Constraint, value: str | None, expected: bool) -> None:
    assert matcher(rule_)(context(**({} if value is None else {"x": value})).values()) is expected


@pytest.mark.parametrize(
    "wrong",
    [
        constraint("SOUNDS_LIKE", "a"),
        constraint("NUM_GT", "five"),
        constraint("DATE_AFTER", "2026-01-01"),
        constraint("DATE_AFTER", "2026-01-01T00:00:00.123456Z"),
        constraint("DATE_AFTER", "2026-13-01T00:00:00Z"),
        constraint("SEMVER_GT", "v1.2.3"),
        constraint("STR_CONTAINS"),
        constraint(IN_CIDR),
        Constraint(context_name="x", operator="REGEX"),
    ],
)
def test_what_sdks_cannot_read_turns_the_whole_flag_off(wrong: Constraint) -> None:
    with pytest.raises(UnreadableError):
        matcher(wrong)
    found = evaluator(flag("own", strategy(), strategy("default", wrong)), flag("other", strategy()))
    assert not is_on(found, "own", context(x="a"))
    assert is_on(found, "other", context(x="a"))
    explained = found.explain("own", context())
    assert explained is not None
    assert explained.unreadable
    assert explained.strategies == []
    by_segment = strategy(segments=[1])
    found = evaluator(flag("f", by_segment), segments=[ClientSegment(id=1, name="s", constraints=[wrong])])
    assert not is_on(found, "f", context())


def test_the_server_takes_no_operator_that_older_sdks_do_not_know() -> None:
    assert problems(constraint(IN_CIDR, "10.0.0.0/8"), 10)
    assert IN_CIDR not in Operator.__members__


@pytest.mark.parametrize(
    ("name", "parameters", "asked", "expected"),
    [
        ("userWithId", {"userIds": "a, b"}, context(user_id="b"), True),
        ("userWithId", {"userIds": "a, b"}, context(), False),
        ("userWithId", {}, context(user_id=""), False),
        ("gradualRolloutUserId", {"percentage": "100", "groupId": "g"}, context(), False),
        ("gradualRolloutUserId", {"percentage": "100"}, context(user_id="a"), False),
        ("gradualRolloutSessionId", {"percentage": "100", "groupId": "g"}, context(session_id="a"), True),
        ("gradualRolloutRandom", {"percentage": "100"}, context(), True),
        ("gradualRolloutRandom", {"percentage": "0"}, context(), False),
        ("gradualRolloutRandom", {}, context(), False),
        ("flexibleRollout", {"rollout": "100", "stickiness": "region"}, context(), False),
        ("flexibleRollout", {"rollout": "100", "stickiness": "region"}, context(region="eu"), True),
        ("flexibleRollout", {"rollout": "100", "stickiness": "random"}, context(), True),
        ("flexibleRollout", {"rollout": "100"}, context(), True),
        ("flexibleRollout", {"rollout": "33.5"}, context(user_id="a"), False),
        ("flexibleRollout", {}, context(user_id="a"), False),
        ("remoteAddress", {"IPs": "no, 10.0.0.0/8"}, context(remote_address="10.1.2.3"), True),
        ("remoteAddress", {"IPs": "10.0.0.0/8"}, context(remote_address="::1"), False),
        ("remoteAddress", {"IPs": "10.0.0.0/8"}, context(), False),
        ("applicationHostname", {"hostNames": "other, WEB-1"}, context(), True),
        ("applicationHostname", {"hostNames": "web"}, context(), False),
        ("of our own", {}, context(), False),
    ],
)
def test_strategies(name: str, parameters: dict[str, str], asked: Context, expected: bool) -> None:
    surroundings = Surroundings(flag="f", hostname="Web-1", chance=random.Random(1))
    assert rule(strategy(name, parameters=parameters), surroundings)(asked.values()) is expected


def test_a_default_stickiness_is_the_user_then_the_session_then_chance() -> None:
    given = strategy("flexibleRollout", parameters={"rollout": "50", "stickiness": "default", "groupId": "gr1"})
    found = evaluator(flag("f", given))
    assert not is_on(found, "f", context(user_id="123"))
    assert {is_on(found, "f", context(session_id="123")) for _ in range(50)} == {False}
    assert {is_on(found, "f", context()) for _ in range(100)} == {True, False}


def test_parameters_that_sdks_cannot_take_into_a_rule() -> None:
    assert parameter_problem("flexibleRollout", "rollout", "33.5", ())
    assert parameter_problem("of our own", "share", "101", {"share"})
    assert parameter_problem("userWithId", "userIds", 'a, "b"', ())
    assert parameter_problem("flexibleRollout", "groupId", "a\\", ())
    assert parameter_problem("of our own", "words", 'a "b"', ()) is None
    assert parameter_problem("flexibleRollout", "rollout", "100", ()) is None


def test_a_flag_without_strategies_is_on_and_an_unknown_one_is_unknown() -> None:
    found = evaluator(flag("on"), flag("off", enabled=False))
    assert is_on(found, "on", context())
    assert not is_on(found, "off", context())
    assert found.evaluate("none", context()) is None
    assert found.explain("none", context()) is None


def test_variants_come_from_the_first_strategy_that_holds_else_from_the_flag() -> None:
    nobody = constraint("IN", "nobody")
    found = evaluator(
        flag("first", strategy("default", nobody, variants=[variant("a")]), strategy(variants=[variant("b")])),
        flag("flag's", strategy(), strategy(variants=[variant("b")]), variants=[variant("c")]),
        flag("none", strategy()),
        flag("off", strategy("default", nobody), variants=[variant("c")]),
    )
    given = {name: found.evaluate(name, context(user_id="1")) for name in found.names}
    assert {name: each and each.variant and each.variant.name for name, each in given.items()} == {
        "first": "b",
        "flag's": "c",
        "none": None,
        "off": None,
    }


def test_overrides_go_before_the_draw() -> None:
    variants = [
        variant("all"),
        variant("late", 0, overrides=[VariantOverride(context_name="userId", values=["7"])]),
        variant("later", 0, overrides=[VariantOverride(context_name="region", values=["eu"])]),
    ]
    for asked, expected in (
        (context(user_id="7", region="eu"), "late"),
        (context(user_id="8", region="eu"), "later"),
        (context(user_id="8"), "all"),
    ):
        found = chosen(choice(variants, "default", "f", random.Random(1)), asked.values())
        assert variants[found].name == expected


def test_weights_are_shares() -> None:
    weighed = choice([variant("a", 0), variant("b", 250), variant("c", 750)], "userId", "f", random.Random(1))
    given = [chosen(weighed, context(user_id=str(user)).values()) for user in range(2000)]
    assert set(given) == {1, 2}
    assert 400 < given.count(1) < 600
    assert choice([variant("a", 0)], "userId", "f", random.Random(1)) == NONE


def test_what_does_not_depend_on_the_context_is_no_function() -> None:
    nobody = strategy("default", constraint("IN"))
    everybody = strategy("flexibleRollout", constraint("NOT_IN"), parameters={"rollout": "100"})
    found = evaluator(
        flag("on", everybody),
        flag("off", nobody, strategy("flexibleRollout", parameters={"rollout": "0"})),
        flag("first", nobody, everybody, strategy(variants=[variant("a")])),
        flag("one variant", strategy(variants=[variant("a"), variant("b", 0)])),
        flag("some", strategy("flexibleRollout", parameters={"rollout": "50"})),
    )
    decisions = {name: found.decision(name) for name in found.names}
    assert callable(decisions.pop("some"))
    assert decisions == {"on": ON, "off": OFF, "first": ON, "one variant": ON + 1}


def test_dependencies() -> None:
    holding = strategy(variants=[variant("blue")])

    def depends(**wanted: Any) -> list[ClientDependency]:
        return [ClientDependency(**{"feature": "parent", **wanted})]

    cases = {
        "plain": (depends(), True),
        "inverse": (depends(enabled=False), False),
        "right variant": (depends(variants=["red", "blue"]), True),
        "wrong variant": (depends(variants=["red"]), False),
        "parent is off": (depends(feature="off"), False),
        "must be off": (depends(feature="off", enabled=False), True),
        "missing": (depends(feature="none", enabled=False), False),
        "two levels": (depends(feature="plain"), False),
        "both": ([*depends(), *depends(feature="off")], False),
    }
    found = evaluator(
        flag("parent", holding),
        flag("off", strategy(), enabled=False),
        *(flag(name, strategy(), dependencies=wanted) for name, (wanted, _) in cases.items()),
    )
    assert {name: is_on(found, name, context()) for name in cases} == {name: on for name, (_, on) in cases.items()}


def test_an_explanation_says_what_each_part_said() -> None:
    eu, adult = constraint("IN", "eu", name="region"), constraint("NUM_GTE", "18", name="age")
    segment = ClientSegment(id=7, name="adults", constraints=[adult])
    found = evaluator(
        flag("f", strategy("default", eu, segments=[7]), strategy("userWithId", parameters={"userIds": "me"})),
        segments=[segment],
    )
    explained = found.explain("f", context(region="eu", age="17"))
    assert explained is not None
    first, second = explained.strategies
    assert (first.rule_holds, first.holds, second.rule_holds, second.holds) == (True, False, False, False)
    assert [(each.constraint, each.holds) for each in first.constraints] == [(eu, True)]
    assert [(each.id, each.holds, each.constraints[0].holds) for each in first.segments] == [(7, False, False)]
    assert not explained.evaluation.enabled
    for asked in (context(region="eu", age="18"), context(user_id="me"), context(user_id="you")):
        explained = found.explain("f", asked)
        assert explained is not None
        assert explained.evaluation == found.evaluate("f", asked)


def test_a_missing_segment_turns_the_flag_off_and_an_empty_one_holds_for_everybody() -> None:
    found = evaluator(
        flag("missing", strategy(), strategy(segments=[9])),
        flag("empty", strategy(segments=[1])),
        segments=[ClientSegment(id=1, name="all", constraints=[])],
    )
    assert not is_on(found, "missing", context())
    assert is_on(found, "empty", context())
