"""Strategies of flags: what is filled in, what is refused, and that SDKs can take whatever is accepted."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some
from yggdrasil_engine.engine import UnleashEngine  # type: ignore[import-untyped]  # it ships no types

from flagkeeper.evaluation.constraint import Constraint, Operator
from flagkeeper.eventlog.catalogue.payload import StrategyData
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.features.flags.model.environment import FlagEnvironment
from flagkeeper.features.flags.model.strategy import (
    Setting,
    StrategyChange,
    StrategyDraft,
    changed_strategy,
    check_constraint,
    checked_default,
    from_default,
    new_strategy,
)
from flagkeeper.kernel.errors import BadData, NotFound
from flagkeeper.kernel.limits import Limits

SETTING = Setting(feature_name="checkout", stickiness="userId", percentages=("share",), limits=Limits())


def draft(**fields: Any) -> StrategyDraft:
    return msgspec.convert({"name": "flexibleRollout", **fields}, StrategyDraft)


def change(**fields: Any) -> StrategyChange:
    return msgspec.convert(fields, StrategyChange)


def made(**fields: Any) -> StrategyData:
    return new_strategy(draft(**fields), fields.pop("id", "01A"), 3, SETTING)


def test_a_gradual_rollout_gets_what_it_does_not_say() -> None:
    assert made() == StrategyData(
        id="01A",
        name="flexibleRollout",
        title=None,
        disabled=False,
        constraints=[],
        parameters={"rollout": "100", "stickiness": "userId", "groupId": "checkout"},
        variants=[],
        sort_order=3,
        segments=[],
    )


def test_blanks_count_as_not_said() -> None:
    found = made(parameters={"stickiness": "", "groupId": "own"}, title="")
    assert found.parameters == {"rollout": "100", "stickiness": "userId", "groupId": "own"}
    assert found.title is None


def test_a_blank_rollout_is_not_for_everybody() -> None:
    for blank in ("", " "):
        with pytest.raises(BadData, match="rollout is a whole number"):
            made(parameters={"rollout": blank})


def test_other_strategies_are_left_alone() -> None:
    assert made(name="default").parameters == {}
    assert made(name="remoteAddress", parameters={"IPs": "10.0.0.0/8, ::1"}).parameters == {"IPs": "10.0.0.0/8, ::1"}


def test_parameters_become_text() -> None:
    found = made(name="own", parameters={"a": 5, "b": 0.5, "c": True, "d": "x", "share": 7}).parameters
    assert found == {"a": "5", "b": "0.5", "c": "true", "d": "x", "share": "7"}


def test_segments_are_a_set_and_places_may_be_chosen() -> None:
    found = made(segments=[3, 1, 3], sortOrder=0, disabled=None)
    assert (found.segments, found.sort_order, found.disabled) == ([1, 3], 0, False)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"parameters": {"rollout": "101"}}, "/body/parameters/rollout"),
        ({"parameters": {"rollout": "33.5"}}, "/body/parameters/rollout"),
        ({"parameters": {"rollout": 33.5}}, "/body/parameters/rollout"),
        ({"parameters": {"rollout": "050"}}, "/body/parameters/rollout"),
        ({"parameters": {"rollout": " 50"}}, "/body/parameters/rollout"),
        ({"parameters": {"rollout": "-1"}}, "/body/parameters/rollout"),
        ({"parameters": {"rollout": True}}, "/body/parameters/rollout"),
        ({"parameters": {"groupId": 'a"b'}}, "/body/parameters/groupId"),
        ({"parameters": {"stickiness": "a\\"}}, "/body/parameters/stickiness"),
        ({"name": "remoteAddress", "parameters": {"IPs": '1.1.1.1,"'}}, "/body/parameters/IPs"),
        ({"name": "applicationHostname", "parameters": {"hostNames": "a\\ ,b"}}, "/body/parameters/hostNames"),
        ({"name": "gradualRolloutUserId", "parameters": {"percentage": "half"}}, "/body/parameters/percentage"),
        ({"name": "own", "parameters": {"share": "200"}}, "/body/parameters/share"),
        ({"segments": [1, 2, 3, 4, 5, 6]}, "/body/segments"),
        ({"sortOrder": -1}, "/body/sortOrder"),
        ({"sortOrder": 2**31}, "/body/sortOrder"),
        ({"title": "x" * 251}, "/body/title"),
        ({"constraints": [{"contextName": "a", "operator": "NOPE"}]}, "/body/constraints/0"),
        ({"constraints": [{"contextName": "a", "operator": "NUM_EQ", "value": "abc"}]}, "/body/constraints/0"),
        ({"variants": [{"name": "a", "weight": 999, "weightType": "fix"}]}, "/body/variants"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], where: str) -> None:
    with pytest.raises(BadData) as caught:
        made(**fields)
    assert where in [detail.path for detail in caught.value.details]


@pytest.mark.parametrize(
    "fields",
    [
        {"parameters": {"a": None}},
        {"parameters": {"a": ["b"]}},
        {"segments": ["1"]},
        {"constraints": [{"contextName": "a", "operator": "IN", "values": [1]}]},
        {"constraints": [{"contextName": "a", "operator": "IN", "inverted": None}]},
        {"constraints": [{"operator": "IN"}]},
        {"disabled": "yes"},
    ],
)
def test_what_has_the_wrong_type(fields: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        draft(**fields)


def test_a_change_says_only_what_changes() -> None:
    old = made(title="t", segments=[1], variants=[{"name": "a", "weight": 1}], parameters={"rollout": "5"})
    assert changed_strategy(old, change(), SETTING) == old
    assert changed_strategy(old, change(name="flexibleRollout"), SETTING) == old
    new = changed_strategy(old, change(title=None, disabled=True, segments=[], parameters={"rollout": 6}), SETTING)
    assert (new.title, new.disabled, new.segments, new.variants) == (None, True, [], old.variants)
    assert new.parameters == {"rollout": "6", "stickiness": "userId", "groupId": "checkout"}


def test_a_strategy_stays_what_it_is() -> None:
    with pytest.raises(BadData):
        changed_strategy(made(), change(name="default"), SETTING)


def test_a_default_strategy_is_checked_like_any_other() -> None:
    default = DefaultStrategyData(
        name="flexibleRollout",
        title=None,
        disabled=False,
        constraints=[],
        parameters={"rollout": "25"},
        variants=made(variants=[{"name": "a", "weight": 9}, {"name": "b", "weight": 9}]).variants,
        segments=[2, 1],
    )
    checked = checked_default(default, {"rollout"})
    assert (checked.parameters, checked.segments) == ({"rollout": "25"}, [1, 2])
    assert from_default(checked, "01B", 4).id == "01B"
    for wrong in (
        {"parameters": {"rollout": "500"}},
        {"segments": [1, 2, 3, 4, 5, 6]},
        {"constraints": [Constraint(context_name="", operator="IN")]},
        {"variants": [msgspec.structs.replace(default.variants[0], weight_type="heavy")]},
    ):
        with pytest.raises(BadData):
            checked_default(msgspec.structs.replace(default, **wrong), {"rollout"})


def test_constraints_that_are_there_already_need_not_keep_newer_rules() -> None:
    endless = Constraint(context_name="a", operator="NOT_IN", values=[])
    old = msgspec.structs.replace(made(), constraints=[endless] * 31)
    assert changed_strategy(old, change(title="new"), SETTING).constraints == old.constraints
    with pytest.raises(BadData, match="At most 30 constraints"):
        changed_strategy(old, msgspec.structs.replace(change(), constraints=[endless] * 32), SETTING)
    with pytest.raises(BadData, match="needs at least one value"):
        changed_strategy(old, msgspec.structs.replace(change(), constraints=[endless]), SETTING)


def test_limits_of_constraints_can_be_raised() -> None:
    constraint = {"contextName": "a", "operator": "IN", "values": ["x"] * 251}
    with pytest.raises(BadData, match="At most 250 values"):
        made(constraints=[constraint])
    raised = msgspec.structs.replace(SETTING, limits=Limits(constraints=31, constraint_values=251))
    assert len(new_strategy(draft(constraints=[constraint] * 31), "id", 0, raised).constraints) == 31


def test_a_constraint_under_way_needs_something_to_compare_with() -> None:
    check_constraint(Constraint(context_name="a", operator="IN", values=["1"]))
    check_constraint(Constraint(context_name="a", operator="NUM_GT", value="1"))
    for wrong in (Constraint(context_name="a", operator="IN"), Constraint(context_name="a", operator="NUM_GT")):
        with pytest.raises(BadData):
            check_constraint(wrong)


def test_strategies_have_an_order() -> None:
    state = FlagEnvironment(enabled=True, variants=[], strategies=[])
    for id_, place in (("B", 1), ("A", 1), ("C", 0)):
        state = state.with_strategy(msgspec.structs.replace(made(), id=id_, sort_order=place))
    assert [each.id for each in state.strategies] == ["C", "A", "B"]
    assert state.next_sort_order == 2
    assert state.strategy("A").id == "A"
    off = msgspec.structs.replace(state.strategy("A"), disabled=True)
    assert state.with_strategy(off).strategies[1] == off
    assert state.without_strategy("A").has_enabled_strategy
    with pytest.raises(NotFound):
        state.without_strategy("A").strategy("A")


_WORD = some.text('ab"\\,. %/é\n', max_size=8)
_ON = {"name": "default", "parameters": {}, "constraints": [], "variants": []}


def is_on_beside_one_that_always_is(strategy: StrategyData) -> bool:
    """Whether SDKs switch a flag on that has this strategy and one which is always on: they do not when they cannot
    read the first."""
    kept = msgspec.to_builtins(strategy)
    shown = {key: kept[key] for key in _ON}
    flag = {"name": "checkout", "enabled": True, "strategies": [shown, _ON]}
    engine = UnleashEngine()
    engine.take_state(json.dumps({"version": 2, "features": [flag]}))
    return bool(engine.check_enabled("checkout", {"userId": "7", "remoteAddress": "::1"}).is_enabled)


@given(
    name=some.sampled_from(["flexibleRollout", "remoteAddress", "applicationHostname", "userWithId"]),
    parameters=some.dictionaries(
        some.sampled_from(["rollout", "groupId", "stickiness", "IPs", "hostNames", "userIds"]), _WORD, max_size=4
    ),
    variants=some.lists(some.tuples(_WORD, _WORD), max_size=3),
)
def test_sdks_take_whatever_is_accepted(name: str, parameters: dict[str, str], variants: list[tuple[str, str]]) -> None:
    try:
        strategy = made(
            name=name,
            parameters=parameters,
            variants=[{"name": word, "weight": 1, "stickiness": stickiness} for word, stickiness in variants],
        )
    except BadData:
        return
    assert is_on_beside_one_that_always_is(strategy)


_OPERAND = some.one_of(
    _WORD,
    some.from_regex(r"[+-]?[0-9٣]{0,3}(\.[0-9]{0,2})?([eE][+-]?[0-9]{1,2})?", fullmatch=True),
    some.from_regex(r"[0-9٣]{1,21}\.[0-9]{1,2}\.[0-9]{1,2}(-[a-z0-9.]{1,5})?(\+[a-z0-9.]{1,5})?", fullmatch=True),
    some.text(alphabet='a(*[]^$.|?+)"\\{1},d-P<n>:i', max_size=8),
    some.sampled_from(
        ["2022-01-29T13:00:00.000Z", "2022-01-29T13:00:00-11:30", "0001-01-01T00:00:00Z", "2022-01-29T24:00:00Z"]
    ),
)


@given(
    context_name=_WORD | some.just("userId"),
    operator=some.sampled_from(Operator),
    values=some.lists(_OPERAND, max_size=3),
    value=_OPERAND,
    inverted=some.booleans(),
    case_insensitive=some.booleans(),
)
def test_sdks_take_whatever_constraint_is_accepted(value: str, **given: Any) -> None:
    constraint = Constraint(value=value or msgspec.UNSET, **given)
    try:
        strategy = made(name="default", constraints=[msgspec.to_builtins(constraint)])
    except BadData:
        return
    assert is_on_beside_one_that_always_is(strategy)
