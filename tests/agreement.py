"""Whether our evaluation and that of the engine in Unleash's SDKs agree on every flag and every context.

What is drawn at random may come out either way in the engine, and must be one of the ways in which it can in ours.
"""

import random
from collections.abc import Mapping
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import UNSET
from yggdrasil_engine.engine import UnleashEngine  # type: ignore[import-untyped]  # untyped upstream

from flagkeeper.evaluation.constraint import IN_CIDR, Constraint, Operator
from flagkeeper.evaluation.context import Context
from flagkeeper.evaluation.document import (
    ClientDependency,
    ClientFeature,
    ClientSegment,
    ClientStrategy,
    ClientVariant,
    ClientVariantPayload,
    VariantOverride,
)
from flagkeeper.evaluation.evaluator import Evaluation, evaluator_of

NOW = "2026-01-01T00:00:00Z"
DRAWS = 64
"""So often is drawn what is random: enough to see every outcome whose chance is a quarter or more."""

WORDS = ["a", "b", "ab", "A", "ü", "1", "x y", 'say "a"', "a\\b", "[", ","]
NUMBERS = ["1", "1.0", "2.5", "-1e3", "+5.", "0", "-0", "1e400", "0.1"]
VERSIONS = ["1.2.3", "1.2.4", "1.10.0", "1.2.3-beta", "1.2.3-beta.2", "1.2.3-beta.11", "1.2.3-alpha", "1.2.3+build"]
TIMES = [NOW, "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00.001Z", "2025-12-31T23:59:59Z"]
PATTERNS = ["a", "^a$", "[ab]{2}", "(?i)A", r"\d+", "ü|x"]
ADDRESSES = [
    "10.1.2.3",
    "10.0.0.0/8",
    "192.168.0.1/16",
    "::1",
    "2001:db8::/32",
    "2001:db8::5",
    "nonsense",
    "10.0.0.1/40",
]
ODD = [
    "",
    " 1",
    "1 ",
    "v1.2.3",
    "1.2",
    "nan",
    "inf",
    "1_0",
    "2026-01-01",
    "2026-13-01T00:00:00Z",
    "01.2.3",
    ".5",
    "2026-01-01T00:00:00.000001Z",
]
VALUES = st.sampled_from([*WORDS, *NUMBERS, *VERSIONS, *TIMES, *ADDRESSES, *ODD])
FIELDS = ["userId", "sessionId", "environment", "appName", "remoteAddress", "region", "odd name"]

PERCENTAGES = st.sampled_from(["0", "30", "50", "70", "100", "33.5", "101", "256", "+50", "050", "", "-1", "abc"])
STICKINESS = st.sampled_from(["default", "userId", "sessionId", "appName", "region", "random"])
GROUPS = st.sampled_from(["", "group", "other group", "ü"])


@st.composite
def constraints(draw: st.DrawFn) -> Constraint:
    operator = draw(st.sampled_from([*Operator, IN_CIDR]))
    operands = {"NUM": NUMBERS, "DATE": TIMES, "SEMVER": VERSIONS, "REGEX": PATTERNS}.get(operator.partition("_")[0])
    pool = ADDRESSES if operator == IN_CIDR else WORDS
    return Constraint(
        context_name=draw(st.sampled_from(FIELDS)),
        operator=operator,
        values=draw(st.lists(st.sampled_from(pool), max_size=3)) if operands is None else [],
        value=UNSET if operands is None else draw(st.sampled_from(operands)),
        inverted=draw(st.booleans()),
        case_insensitive=draw(st.booleans()),
    )


def parameters(name: str) -> st.SearchStrategy[dict[str, str]]:
    gradual = {"percentage": PERCENTAGES, "groupId": GROUPS}
    known: Mapping[str, dict[str, st.SearchStrategy[str]]] = {
        "userWithId": {"userIds": st.sampled_from(["a, b", "1,2 , ab", "", ","])},
        "gradualRolloutUserId": gradual,
        "gradualRolloutSessionId": gradual,
        "gradualRolloutRandom": gradual,
        "flexibleRollout": {"rollout": PERCENTAGES, "stickiness": STICKINESS, "groupId": GROUPS},
        "remoteAddress": {"IPs": st.lists(st.sampled_from(ADDRESSES), max_size=3).map(", ".join)},
        "applicationHostname": {"hostNames": st.sampled_from(["some-host", "a, b"])},
    }
    return st.fixed_dictionaries({}, optional=known.get(name, {}))


NO_VARIANT = "disabled"
"""What the engine calls the variant of those who get none."""
VARIANT_NAMES = ["blue", "green", "red"]
PAYLOADS = st.just(UNSET) | st.builds(ClientVariantPayload, type=st.just("string"), value=st.sampled_from(["", "ü"]))
OVERRIDES = st.just(UNSET) | st.lists(
    st.builds(
        VariantOverride, context_name=st.sampled_from(FIELDS), values=st.lists(st.sampled_from(WORDS), max_size=2)
    ),
    max_size=2,
)


def variants(overrides: st.SearchStrategy[Any]) -> st.SearchStrategy[list[ClientVariant]]:
    one = st.builds(
        ClientVariant,
        name=st.sampled_from(VARIANT_NAMES),
        weight=st.sampled_from([0, 250, 500, 1000]),
        weight_type=st.just("variable"),
        stickiness=STICKINESS,
        payload=PAYLOADS,
        overrides=overrides,
    )
    # SDKs cannot share out a total of nothing, and the server stores none.
    whole = st.lists(one, min_size=1, max_size=3, unique_by=lambda each: each.name)
    return st.just([]) | whole.filter(lambda found: any(each.weight for each in found))


@st.composite
def client_strategies(draw: st.DrawFn) -> ClientStrategy:
    names = ["default", "userWithId", "gradualRolloutUserId", "gradualRolloutSessionId", "gradualRolloutRandom"]
    name = draw(st.sampled_from([*names, "flexibleRollout", "remoteAddress", "applicationHostname", "of our own"]))
    return ClientStrategy(
        name=name,
        constraints=draw(st.lists(constraints(), max_size=2)),
        parameters=draw(parameters(name)),
        variants=draw(variants(st.just(UNSET))),
        segments=draw(st.just(UNSET) | st.lists(st.sampled_from([1, 2, 3]), max_size=2)),
    )


DEPENDENCIES = st.lists(
    st.builds(
        ClientDependency,
        feature=st.sampled_from(["flag-0", "flag-1", "flag-2", "no such flag"]),
        enabled=st.booleans(),
        variants=st.lists(st.sampled_from([*VARIANT_NAMES, NO_VARIANT]), max_size=2),
    ),
    max_size=2,
)


@st.composite
def features(draw: st.DrawFn) -> list[ClientFeature]:
    return [
        ClientFeature(
            name=f"flag-{i}",
            type="release",
            enabled=draw(st.sampled_from([True, True, True, False])),
            project="default",
            stale=False,
            strategies=draw(st.lists(client_strategies(), max_size=3)),
            variants=draw(variants(OVERRIDES)),
            description=None,
            impression_data=False,
            dependencies=draw(st.just(UNSET) | DEPENDENCIES),
        )
        for i in range(4)
    ]


SEGMENTS = st.fixed_dictionaries({1: st.lists(constraints(), max_size=2), 2: st.lists(constraints(), max_size=2)}).map(
    lambda found: [ClientSegment(id=id_, name=f"segment {id_}", constraints=each) for id_, each in found.items()]
)
CONTEXTS = st.builds(
    Context,
    current_time=st.just(NOW),
    user_id=st.none() | VALUES,
    session_id=st.none() | VALUES,
    environment=st.none() | VALUES,
    app_name=st.none() | VALUES,
    remote_address=st.none() | VALUES,
    properties=st.fixed_dictionaries({}, optional={"region": VALUES, "odd name": VALUES}),
)


class Chance(random.Random):
    """Knows whether it was asked."""

    asked = False

    def random(self) -> float:
        self.asked = True
        return super().random()


Outcome = tuple[bool, bool, str, Any]
"""Whether the flag is on, twice, as the engine is asked twice; the variant's name and its payload."""


def outcome(found: Evaluation | None) -> Outcome:
    assert found is not None
    if found.variant is None:
        return found.enabled, found.enabled, NO_VARIANT, None
    return found.enabled, found.enabled, found.variant.name, msgspec.to_builtins(found.variant).get("payload")


def engine_with(features: list[ClientFeature], segments: list[ClientSegment]) -> UnleashEngine:
    engine = UnleashEngine()
    engine.take_state(msgspec.json.encode({"version": 2, "features": features, "segments": segments}).decode())
    return engine


def engine_outcome(engine: UnleashEngine, name: str, context: Context) -> Outcome:
    asked = {key: value for key, value in msgspec.to_builtins(context).items() if value is not None}
    variant = engine.check_variant(name, asked).variant
    payload = None if variant.payload is None else {"type": variant.payload["type"], "value": variant.payload["value"]}
    return engine.check_enabled(name, asked).is_enabled, variant.feature_enabled, variant.name, payload


def compare(features: list[ClientFeature], segments: list[ClientSegment], contexts: list[Context]) -> int:
    """Asserts that both say the same; returns how many answers were compared."""
    chance = Chance(1)
    ours = evaluator_of(features, segments, chance=chance)
    theirs = engine_with(features, segments)
    names = sorted(ours.names)
    assert {each.name for each in theirs.list_known_toggles()} == set(names)
    for context in contexts:
        for name in names:
            chance.asked = False
            found, expected = outcome(ours.evaluate(name, context)), engine_outcome(theirs, name, context)
            if not chance.asked:
                assert found == expected, (name, context)
                continue
            # The engine draws again for each of its answers, so only each by itself can be compared.
            possible = [outcome(ours.evaluate(name, context)) for _ in range(DRAWS)]
            for i, answer in enumerate(expected):
                assert answer in [each[i] for each in possible], (name, context)
    return len(contexts) * len(names)
