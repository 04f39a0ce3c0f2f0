"""The engine of Unleash's SDKs takes every answer of ours whole, and evaluates it as people meant it.

It is silent about what it refuses, and refuses everything for one wrong field: so we ask which flags it knows.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
from hypothesis import given
from hypothesis import strategies as st
from yggdrasil_engine.engine import UnleashEngine  # type: ignore[import-untyped]  # untyped upstream

from flagkeeper.evaluation.constraint import Constraint, Operator, problems
from flagkeeper.eventlog.read import LogPosition
from flagkeeper.features.flags.model.flag import check_name
from flagkeeper.features.flags.model.strategy import Setting, StrategyDraft, new_strategy
from flagkeeper.features.flags.model.variant import PayloadDraft, VariantDraft
from flagkeeper.kernel.errors import BadData
from flagkeeper.kernel.limits import Limits
from flagkeeper.readmodels.client_features.encoding import (
    EnvironmentRow,
    FlagRow,
    StrategyRow,
    encode_flag,
    encode_off,
    encode_segment,
)
from flagkeeper.readmodels.client_features.query import FeatureQuery
from flagkeeper.readmodels.client_features.state import Flag, State
from tests.sdk import make_flag, make_segment, users
from tests.server import BACKEND, TestServer

ODD = ['"', 'say "hi"', "it's", "a\\b", "ü😀", " a ", "[x]", "{}", "${x}", "\n", "\t", "#", "\\n", "null"]

MATCHES: list[tuple[Constraint, Any, Any]] = [
    *((Constraint(context_name="p", operator="IN", values=[odd, "z"]), odd, "other") for odd in ODD),
    *((Constraint(context_name="p", operator="STR_CONTAINS", values=[odd]), f"x{odd}y", "") for odd in ODD),
    (Constraint(context_name="p", operator="IN", values=["a"], inverted=True), "b", "a"),
    (Constraint(context_name="p", operator="NOT_IN", values=["a"]), "b", "a"),
    (Constraint(context_name="p", operator="STR_STARTS_WITH", values=["Ab"], case_insensitive=True), "aBc", "cab"),
    (Constraint(context_name="p", operator="STR_ENDS_WITH", values=["b", "c"]), "xc", "cx"),
    (Constraint(context_name="p", operator="NUM_EQ", value="5"), "5.0", "6"),
    (Constraint(context_name="p", operator="NUM_GT", value="-1.5e2"), "-100", "-200"),
    (Constraint(context_name="p", operator="NUM_GTE", value="+5."), "5", "4.9"),
    (Constraint(context_name="p", operator="NUM_LT", value="0"), "-0.1", "0"),
    (Constraint(context_name="p", operator="NUM_LTE", value="0"), "0", "0.1"),
    (Constraint(context_name="p", operator="SEMVER_EQ", value="1.2.3-beta.1+b"), "1.2.3-beta.1", "1.2.3"),
    (Constraint(context_name="p", operator="SEMVER_GT", value="1.2.3"), "1.10.0", "1.2.3"),
    (Constraint(context_name="p", operator="SEMVER_GTE", value="1.2.3"), "1.2.3", "1.2.3-rc.1"),
    (Constraint(context_name="p", operator="SEMVER_LT", value="1.2.3"), "1.2.3-rc.1", "1.2.3"),
    (Constraint(context_name="p", operator="SEMVER_LTE", value="1.2.3"), "1.2.3", "1.2.4"),
    (Constraint(context_name="p", operator="REGEX", value='^a"b\\d+$'), 'a"b12', "a12"),
    (Constraint(context_name="p", operator="REGEX", value="(?i)AB", case_insensitive=True), "xaby", "ba"),
    (
        Constraint(context_name="currentTime", operator="DATE_AFTER", value="2026-01-01T00:00:00+01:00"),
        "2026-01-01T00:00:00Z",
        "2025-12-31T22:59:59Z",
    ),
    (
        Constraint(context_name="currentTime", operator="DATE_BEFORE", value="2026-01-01T00:00:00.123Z"),
        "2026-01-01T00:00:00.122Z",
        "2026-01-01T00:00:00.123Z",
    ),
    (Constraint(context_name="odd name.ü", operator="IN", values=["x"]), "x", "y"),
]
"""A constraint, a value that fulfils it and one that does not."""


def loaded(body: bytes) -> UnleashEngine:
    engine = UnleashEngine()
    engine.take_state(body.decode())
    return engine


def context(constraint: Constraint, value: str) -> dict[str, Any]:
    name = constraint.context_name
    return {name: value} if name == "currentTime" else {"properties": {name: value}}


def known(engine: UnleashEngine) -> set[str]:
    return {toggle.name for toggle in engine.list_known_toggles()}


def answers(server: TestServer) -> Iterator[httpx.Response]:
    for spec in ("6.1.0", "4.0.0"):
        yield server.get("/api/client/features", token=BACKEND, headers={"Unleash-Client-Spec": spec})


def test_every_operator_means_to_sdks_what_it_says(server: TestServer) -> None:
    segments = [make_segment(server, f"segment {i}", constraint) for i, (constraint, *_) in enumerate(MATCHES)]
    for i, (constraint, *_) in enumerate(MATCHES):
        make_flag(server, f"own-{i}", StrategyDraft(name="default", constraints=[constraint]))
        make_flag(server, f"segment-{i}", StrategyDraft(name="default", segments=[segments[i]]))
    for answer in answers(server):
        engine = loaded(answer.content)
        assert known(engine) == {f"{kind}-{i}" for kind in ("own", "segment") for i in range(len(MATCHES))}
        for i, (constraint, matching, other) in enumerate(MATCHES):
            for value, expected in ((matching, True), (other, False)):
                for name in (f"own-{i}", f"segment-{i}"):
                    found = engine.check_enabled(name, context(constraint, value))
                    assert found.is_enabled is expected, (constraint, value)


def test_odd_flags_are_taken_whole(server: TestServer) -> None:
    beta = make_segment(server, 'odd "name" ü', users("7"))
    payloads = [
        PayloadDraft(type="json", value='{"a": ["ü", null]}'),
        PayloadDraft(type="csv", value="a,b\n1,2"),
        PayloadDraft(type="number", value="-1.5e3"),
        PayloadDraft(type="string", value=""),
        PayloadDraft(type="string", value='"quoted" \\ back'),
    ]
    variants = [
        *(VariantDraft(name=f"v{i}", weight=100, weight_type="fix", payload=each) for i, each in enumerate(payloads)),
        VariantDraft(name='odd "name"', weight=0, stickiness="random"),
        VariantDraft(name="none", weight=0),
    ]
    drafts = {
        "plain": [],
        "every.thing-_.!~*'()": [StrategyDraft(name="default", title='a "title"')],
        "many": [StrategyDraft(name="flexibleRollout", segments=[beta], constraints=[users("7")]) for _ in range(30)],
        "variants": [StrategyDraft(name="flexibleRollout", variants=variants)],
        "addresses": [StrategyDraft(name="remoteAddress", parameters={"IPs": "10.0.0.0/8, ::1, nonsense"})],
        "hosts": [StrategyDraft(name="applicationHostname", parameters={"hostNames": "a,b"})],
        "numbers": [StrategyDraft(name="flexibleRollout", parameters={"rollout": 33, "extra": 1.5, "flag": True})],
        "disabled": [StrategyDraft(name="default", disabled=True)],
    }
    for name, strategies in drafts.items():
        make_flag(server, name, *strategies, on=name != "plain")
    for answer in answers(server):
        engine = loaded(answer.content)
        assert known(engine) == set(drafts)
        assert not engine.check_enabled("plain", {}).is_enabled
        assert engine.check_enabled("every.thing-_.!~*'()", {}).is_enabled
        assert engine.check_enabled("many", {"userId": "7"}).is_enabled
        assert not engine.check_enabled("many", {"userId": "8"}).is_enabled
        assert engine.check_enabled("addresses", {"remoteAddress": "10.1.2.3"}).is_enabled
        given = {engine.check_variant("variants", {"userId": str(i)}).variant.name for i in range(500)}
        assert given == {each.name for each in variants}


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
CONTEXT_NAMES = st.sampled_from(["userId", "appName", "environment", "region", "odd name", "ü", "p.q"])
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(repr)
VERSIONS = st.from_regex(
    r"(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})(-[a-z]+\.[1-9])?(\+[a-z0-9]+)?", fullmatch=True
)
TIMES = st.datetimes().map(lambda time: time.isoformat(timespec="milliseconds") + "Z")
OPERANDS = {
    "NUM": NUMBERS,
    "DATE": TIMES,
    "SEMVER": VERSIONS,
    "REGEX": st.sampled_from(["^a+$", "[a-z]{2}", "(?i)x", "ü|\\d"]),
}


@st.composite
def rules(draw: st.DrawFn) -> Constraint:
    operator = draw(st.sampled_from(Operator))
    operand = OPERANDS.get(operator.partition("_")[0])
    return Constraint(
        context_name=draw(CONTEXT_NAMES),
        operator=operator,
        values=draw(st.lists(TEXT, min_size=1, max_size=3)) if operand is None else [],
        value=msgspec.UNSET if operand is None else draw(operand),
        inverted=operator != "REGEX" and draw(st.booleans()),
        case_insensitive=draw(st.booleans()),
    )


PAYLOADS = st.one_of(
    st.none(),
    st.builds(PayloadDraft, type=st.sampled_from(["string", "csv"]), value=TEXT),
    st.builds(
        PayloadDraft, type=st.just("json"), value=TEXT.map(lambda text: msgspec.json.encode({"a": text}).decode())
    ),
    st.builds(PayloadDraft, type=st.just("number"), value=NUMBERS),
)
VARIANTS = st.lists(
    st.builds(
        VariantDraft,
        name=TEXT,
        weight=st.integers(0, 1000),
        weight_type=st.sampled_from(["fix", "variable"]),
        stickiness=st.sampled_from(["default", "random", "userId", "ü"]),
        payload=PAYLOADS,
    ),
    max_size=4,
)
DRAFTS = st.builds(
    StrategyDraft,
    name=st.sampled_from(["default", "flexibleRollout", "remoteAddress", "userWithId", "custom"]),
    title=st.none() | TEXT,
    constraints=st.lists(rules().filter(lambda each: not problems(each, 250)), max_size=3),
    variants=VARIANTS,
    parameters=st.dictionaries(
        st.sampled_from(["rollout", "stickiness", "groupId", "IPs", "userIds", "ü"]),
        TEXT | st.integers(0, 100) | st.booleans() | st.floats(0, 1),
        max_size=4,
    ),
    segments=st.lists(st.integers(1, 3), max_size=2),
)
SEGMENTS = {
    1: encode_segment(1, "users", [users("1", "2")]),
    2: encode_segment(2, "empty", []),
    3: encode_segment(3, '"ü"', [Constraint(context_name="region", operator="STR_CONTAINS", values=["e"])]),
}


def row(draft: StrategyDraft, name: str) -> StrategyRow | None:
    """The strategy as it would be stored. None: our rules refuse it."""
    setting = Setting(feature_name=name, stickiness="default", percentages=("rollout",), limits=Limits())
    try:
        kept = new_strategy(draft, "id", 0, setting)
    except BadData:
        return None
    parameters, constraints, variants = (
        msgspec.json.encode(each).decode() for each in (kept.parameters, kept.constraints, kept.variants)
    )
    return StrategyRow(kept.name, parameters, constraints, variants, tuple(kept.segments))


def state(flags: list[list[StrategyDraft]]) -> State:
    found = {}
    for i, drafts in enumerate(flags):
        flag = FlagRow(f"flag-{i}", "release", "default", "ü\n", False, True)
        check_name(flag.name)
        rows = [each for draft in drafts if (each := row(draft, flag.name)) is not None]
        encoded = encode_flag(flag, EnvironmentRow(True, "[]", rows), SEGMENTS)
        assert encoded.linked != encode_off(flag)
        found[flag.name] = Flag(flag.project, frozenset(), encode_off(flag), {"development": encoded})
    return State(LogPosition("epoch", 7), found, SEGMENTS, {None: 7})


@given(flags=st.lists(st.lists(DRAFTS, max_size=3), min_size=1, max_size=5), user=st.sampled_from(["1", "2", "3"]))
def test_what_our_rules_allow_the_engine_takes_and_reads_alike_in_both_forms(
    flags: list[list[StrategyDraft]], user: str
) -> None:
    moment = state(flags)
    linked, inlined = (
        loaded(moment.answer(FeatureQuery(environment="development", inline=inline))) for inline in (False, True)
    )
    assert known(linked) == known(inlined) == set(moment.flags)
    for name in moment.flags:
        for more in ({"region": "eu"}, {"region": "us", "odd name": "x"}, {}):
            asked = {"userId": user, "sessionId": "s", "currentTime": "2026-11-22T00:00:00Z", "properties": more}
            assert linked.check_enabled(name, asked).is_enabled == inlined.check_enabled(name, asked).is_enabled
