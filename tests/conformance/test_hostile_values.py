"""Whatever stands in the database, the engine of Unleash's SDKs takes every view whole, and so does our own evaluation:
a flag that cannot be sent is off, and all others are as they were. Values like these come from imports, from releases
of before, and from people with access to the tables."""

import json
import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from flagkeeper.evaluation.context import Values
from flagkeeper.evaluation.document import ClientFeature
from flagkeeper.evaluation.flag import CompiledFlag
from flagkeeper.eventlog.read import LogPosition
from flagkeeper.readmodels.client_features.encoding import (
    DependencyRow,
    EnvironmentRow,
    FlagRow,
    StrategyRow,
    encode_flag,
    encode_off,
)
from flagkeeper.readmodels.client_features.query import FeatureQuery
from flagkeeper.readmodels.client_features.state import Flag, State
from flagkeeper.readmodels.remote_evaluation.pieces import ReadyFlag
from flagkeeper.readmodels.remote_evaluation.views import View
from tests.conformance.test_yggdrasil import known, loaded

PLACE = "development"
DEEP = 300
"""Flags that depend on each other in a row."""


def rule(operator: Any, value: Any = None, **more: Any) -> str:
    single = {} if value is None else {"value": value}
    return json.dumps([{"contextName": "x", "operator": operator, **single, **more}])


def variant(**more: Any) -> dict[str, Any]:
    return {"name": "a", "weight": 1, "weightType": "fix", "stickiness": "default", **more}


PARAMETERS = [
    *('{"rollout":"1e400"}', '{"rollout":-5}', '{"rollout":99999999999999999999999}', '{"rollout":1e308}'),
    *('{"rollout":"NaN"}', '{"rollout":null}', '{"rollout":[1]}', '{"rollout":"101"}', '{"percentage":"101"}'),
    *("[]", "{", "null", '{"rollout":"\\ud800"}', '{"groupId":"\\"\\\\"}', '{"stickiness":"a\\"b","rollout":"50"}'),
    *('{"rollout":"50","stickiness":"\\\\"}', '{"IPs":"\\"; 1"}', '{"IPs":"1.2.3.4/99"}', '{"userIds":"a\\\\"}'),
]
CONSTRAINTS = [
    *(rule("FOO", values=["a"]), rule("", values=["a"]), rule(None), rule("IN_CIDR", values=["10.0.0.0/99"])),
    *(rule("SEMVER_GT", "1.2"), rule("SEMVER_EQ", ""), rule("SEMVER_LT", "99999999999999999999999.0.0")),
    *(rule("REGEX", "(["), rule("REGEX", "(a+)+$"), rule("REGEX", "(?=x)"), rule("REGEX", "a{99999}")),
    *(rule("DATE_AFTER", "2026-13-99"), rule("DATE_BEFORE", "yesterday"), rule("DATE_AFTER", "+99999-01-01T00:00:00Z")),
    *(rule("NUM_EQ", "1e999"), rule("NUM_EQ", "zwölf"), rule("NUM_GT"), rule("REGEX", "x", inverted=True)),
    *(rule("IN"), rule("IN", values=[""]), rule("IN", values=['"']), rule("IN", values=["a\\"])),
    *(rule("IN", values=[1]), rule("IN", values=["a"], inverted=None), rule("STR_CONTAINS", values=[])),
    *('[{"operator":"IN"}]', '[{"contextName":"","operator":"IN","values":["a"]}]', "null", "{}", "[null]", "["),
    '[{"contextName":"a\\"b","operator":"IN","values":["a"]}]',
]
VARIANTS = [
    *(variant(weight=99999999999), variant(weight=1.5), variant(weight=-1), variant(weightType="odd"), {"name": "a"}),
    *(variant(payload={"type": "odd", "value": "x"}), variant(payload={"type": "json", "value": 1}), 1),
    *(variant(payload={"type": "number", "value": "1e999"}), variant(payload={"type": "json", "value": "\ud800"})),
    *(variant(stickiness=None), variant(stickiness='a"b'), variant(overrides=[{"contextName": None, "values": [1]}])),
]
STORED = [
    *(StrategyRow(name, each, "[]", "[]", ()) for name in ("flexibleRollout", "remoteAddress") for each in PARAMETERS),
    *(StrategyRow("userWithId", each, "[]", "[]", ()) for each in PARAMETERS),
    *(StrategyRow("default", "{}", each, "[]", ()) for each in CONSTRAINTS),
    *(StrategyRow("default", "{}", "[]", json.dumps([each, variant(name="b")]), ()) for each in VARIANTS),
    *(StrategyRow(name, "{}", "[]", "[]", ()) for name in ('odd "name"', "", "\\")),
    StrategyRow("default", "{}", "[]", "[]", (404,)),
]

Stored = tuple[str, Sequence[StrategyRow], Sequence[DependencyRow]]


def state(flags: Sequence[Stored]) -> State:
    found = {}
    for name, rows, parents in flags:
        flag = FlagRow(name, "release", "default", "d", False, False)
        encoded = encode_flag(flag, EnvironmentRow(True, "[]", rows), {}, parents)
        found[name] = Flag("default", frozenset(), encode_off(flag, parents), {PLACE: encoded})
    return State(LogPosition("epoch", 1), found, {}, {PLACE: 1})


def demand_all(moment: State) -> None:
    """That every form of the view is taken whole, and that `plain` is on in it."""
    for inline in (False, True):
        query = FeatureQuery(environment=PLACE, inline=inline)
        for body in (moment.answer(query), moment.hydration(query, 1)):
            engine = loaded(body)
            assert known(engine) == set(moment.flags)
            assert engine.check_enabled("plain", {}).is_enabled
    values: Values = {"userId": "1", "x": "1", "currentTime": "2026-11-30T00:00:00.000Z", "environment": PLACE}
    view = evaluated(moment)
    assert b'"name":"plain","enabled":true' in view.toggles.fill(values).replace(b" ", b"")
    for sheet in (view.toggles_on, view.evaluated, view.evaluated_for_nobody):
        json.loads(b"[" + sheet.fill(values) + b"]")


def evaluated(moment: State) -> View:
    flags = {}
    for name, flag in moment.flags.items():
        source = flag.environments[PLACE].inlined
        feature = msgspec.json.decode(source, type=ClientFeature)
        flags[name] = ReadyFlag(source, CompiledFlag(feature, {}, hostname="", chance=random.Random(1)))
    return View(moment, flags, PLACE, ["*"])


@pytest.mark.parametrize("row", STORED, ids=repr)
def test_no_stored_strategy_spoils_a_view(row: StrategyRow) -> None:
    demand_all(state([("plain", [], []), ("odd", [row], [])]))


@pytest.mark.parametrize("variants", ["[", "null", "{}", json.dumps(VARIANTS), '[{"name":"a","weight":1e400}]'])
def test_no_stored_variants_of_a_flag_do(variants: str) -> None:
    flag = FlagRow("odd", "release", "default", "d", False, False)
    odd = Flag(
        "default", frozenset(), encode_off(flag), {PLACE: encode_flag(flag, EnvironmentRow(True, variants, []), {})}
    )
    moment = state([("plain", [], [])])
    demand_all(State(moment.position, {**moment.flags, "odd": odd}, {}, moment.revisions))


def test_no_dependencies_do() -> None:
    flags: list[Stored] = [(f"f{i}", [], [DependencyRow(f"f{i + 1}", True, "[]")]) for i in range(DEEP)]
    flags += [
        ("plain", [], []),
        ("itself", [], [DependencyRow("itself", True, "[]")]),
        ("one", [], [DependencyRow("other", True, "[]")]),
        ("other", [], [DependencyRow("one", True, "[]")]),
        ("wrong", [], [DependencyRow("plain", True, "nonsense")]),
        ("numbers", [], [DependencyRow("plain", True, "[1]")]),
        ("many", [], [DependencyRow(f"f{i}", i % 2 == 0, '["x"]') for i in range(DEEP)]),
    ]
    demand_all(state(flags))
