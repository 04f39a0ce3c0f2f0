"""What SDKs are sent of a flag, to the byte."""

from typing import Any

import msgspec
import pytest

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.readmodels.client_features.encoding import (
    EnvironmentRow,
    FlagRow,
    Segment,
    StrategyRow,
    encode_flag,
    encode_off,
    encode_segment,
)

FLAG = FlagRow("checkout", "release", "shop", None, False, True)
BETA = Constraint(context_name="userId", operator="IN", values=["1"])


def strategy(**changes: Any) -> StrategyRow:
    stored = {
        "name": "flexibleRollout",
        "parameters": '{"rollout":"50","stickiness":"default","groupId":"checkout"}',
        "constraints": "[]",
        "variants": "[]",
        "segments": (),
    }
    return StrategyRow(**{**stored, **changes})


def sent(*strategies: StrategyRow, variants: str = "[]", segments: dict[int, Segment] | None = None) -> Any:
    """The flag in the form for newer SDKs."""
    encoded = encode_flag(FLAG, EnvironmentRow(True, variants, strategies), segments or {})
    return msgspec.json.decode(encoded.linked)


def test_a_flag_has_these_keys_and_no_others() -> None:
    assert sent(strategy()) == {
        "name": "checkout",
        "type": "release",
        "enabled": True,
        "project": "shop",
        "stale": False,
        "strategies": [
            {
                "name": "flexibleRollout",
                "constraints": [],
                "parameters": {"rollout": "50", "stickiness": "default", "groupId": "checkout"},
                "variants": [],
            }
        ],
        "variants": [],
        "description": None,
        "impressionData": True,
    }


def test_where_it_has_no_state_a_flag_is_off() -> None:
    off = msgspec.json.decode(encode_off(FLAG))
    assert off == {**sent(), "enabled": False}


@pytest.mark.parametrize(
    ("stored", "text"), [('"50"', "50"), ("50", "50"), ("50.5", "50.5"), ("true", "true"), ('"a,b"', "a,b")]
)
def test_parameters_are_text_whatever_was_stored(stored: str, text: str) -> None:
    (found,) = sent(strategy(parameters=f'{{"value":{stored},"none":null}}'))["strategies"]
    assert found["parameters"] == {"value": text}


def test_constraints_always_have_values() -> None:
    (found,) = sent(strategy(constraints='[{"contextName":"x","operator":"NUM_GT","value":"5"}]'))["strategies"]
    assert found["constraints"] == [
        {
            "contextName": "x",
            "operator": "NUM_GT",
            "values": [],
            "value": "5",
            "inverted": False,
            "caseInsensitive": False,
        }
    ]


def test_segments_are_named_or_written_out() -> None:
    segments = {7: encode_segment(7, "beta", [BETA])}
    own = '[{"contextName":"appName","operator":"IN","values":["a"]}]'
    encoded = encode_flag(FLAG, EnvironmentRow(True, "[]", [strategy(constraints=own, segments=(7,))]), segments)
    (linked,) = msgspec.json.decode(encoded.linked)["strategies"]
    (inlined,) = msgspec.json.decode(encoded.inlined)["strategies"]
    assert linked["segments"] == [7]
    assert [each["contextName"] for each in linked["constraints"]] == ["appName"]
    assert "segments" not in inlined
    assert [each["contextName"] for each in inlined["constraints"]] == ["appName", "userId"]
    assert encoded.segments == {7}
    assert msgspec.json.decode(segments[7].encoded) == {
        "id": 7,
        "name": "beta",
        "constraints": [msgspec.to_builtins(BETA)],
    }


def test_a_flag_without_segments_is_encoded_once() -> None:
    encoded = encode_flag(FLAG, EnvironmentRow(True, "[]", [strategy()]), {})
    assert encoded.inlined is encoded.linked


@pytest.mark.parametrize(
    "broken",
    [
        strategy(parameters='{"rollout":["50"]}'),
        strategy(constraints='[{"contextName":"x","operator":"IN","values":[1]}]'),
        strategy(constraints='[{"contextName":"x","operator":"IN","values":[],"inverted":null}]'),
        strategy(constraints='[{"operator":"IN","values":[]}]'),
        strategy(variants='[{"name":"a","weight":333.3,"weightType":"variable","stickiness":"default"}]'),
        strategy(variants='[{"name":"a","weight":1000,"weightType":"odd","stickiness":"default"}]'),
        strategy(
            variants='[{"name":"a","weight":1,"weightType":"fix","stickiness":"x","payload":{"type":"json","value":{}}}]'
        ),
        strategy(segments=(99,)),
        strategy(parameters="no JSON"),
    ],
)
def test_what_sdks_would_choke_on_is_sent_as_off(broken: StrategyRow) -> None:
    encoded = encode_flag(FLAG, EnvironmentRow(True, "[]", [strategy(), broken]), {})
    assert encoded.linked == encoded.inlined == encode_off(FLAG)


def test_variants_are_sent_by_name_however_they_were_stored() -> None:
    stored = msgspec.json.encode(
        [{"name": name, "weight": 500, "weightType": "variable", "stickiness": "default"} for name in ("b", "a")]
    ).decode()
    found = sent(strategy(variants=stored), variants=stored)
    assert [each["name"] for each in found["variants"]] == ["a", "b"]
    assert [each["name"] for each in found["strategies"][0]["variants"]] == ["a", "b"]


def test_variants_of_flags_may_have_overrides() -> None:
    stored = (
        '[{"name":"a","weight":1000,"weightType":"variable","stickiness":"default",'
        '"payload":{"type":"json","value":"{}"},"overrides":[{"contextName":"userId","values":["7"]}]}]'
    )
    assert sent(strategy(), variants=stored)["variants"] == msgspec.json.decode(stored)
