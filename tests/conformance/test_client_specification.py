"""All cases of the public client specification, by our own evaluation: those of `@unleash/client-specification`."""

import json
import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from flagkeeper.evaluation.context import STANDARD, Context
from flagkeeper.evaluation.document import ClientFeature, ClientSegment
from flagkeeper.evaluation.evaluator import Evaluation, Evaluator, evaluator_of
from tests.npm import installed

NOW = "2026-01-01T00:00:00Z"
CASES = 279

_FEATURE: dict[str, Any] = {
    "type": "release",
    "project": "default",
    "stale": False,
    "description": None,
    "impressionData": False,
    "variants": [],
}
"""What SDKs do not need, and our server always sends."""
_VARIANT = {"weightType": "variable", "stickiness": "default"}


def filled(feature: dict[str, Any]) -> dict[str, Any]:
    strategies = [
        {"constraints": [], "parameters": {}, **each, "variants": variants(each)} for each in feature["strategies"]
    ]
    return {**_FEATURE, **feature, "strategies": strategies, "variants": variants(feature)}


def variants(of: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**_VARIANT, **each} for each in of.get("variants") or []]


def evaluator(state: dict[str, Any]) -> Evaluator:
    features = {each["name"]: each for each in state.get("features", [])}
    segments = {each["id"]: each for each in state.get("segments", [])}
    for event in state.get("events", []):
        match event["type"]:
            case "hydration":
                features = {each["name"]: each for each in event["features"]}
                segments = {each["id"]: each for each in event["segments"]}
            case "feature-updated":
                features[event["feature"]["name"]] = event["feature"]
            case "feature-removed":
                del features[event["featureName"]]
            case "segment-updated":
                segments[event["segment"]["id"]] = event["segment"]
            case kind:
                raise AssertionError(f"there is no event {kind}")
    return evaluator_of(
        msgspec.convert([filled(each) for each in features.values()], list[ClientFeature], strict=False),
        msgspec.convert([{"name": "", **each} for each in segments.values()], list[ClientSegment]),
        chance=random.Random(1),
    )


def context(given: dict[str, Any]) -> Context:
    standard = {name: given[name] for name in STANDARD & given.keys()}
    properties = {name: str(value) for name, value in (given.get("properties") or {}).items() if value is not None}
    more = {name: value for name, value in given.items() if name not in STANDARD and name != "properties"}
    return msgspec.convert({"currentTime": NOW, **standard, "properties": more | properties}, Context)


def as_sdk(found: Evaluation | None) -> dict[str, Any]:
    """A variant as SDKs show it."""
    on = found is not None and found.enabled
    if found is None or found.variant is None:
        return {"name": "disabled", "enabled": False, "feature_enabled": on}
    shown = msgspec.to_builtins(found.variant)
    payload = {"payload": shown["payload"]} if "payload" in shown else {}
    return {"name": found.variant.name, **payload, "enabled": True, "feature_enabled": on}


def specifications() -> Iterator[dict[str, Any]]:
    folder = installed() / "@unleash" / "client-specification" / "specifications"
    for name in json.loads((folder / "index.json").read_text()):
        yield json.loads((folder / name).read_text())


@pytest.mark.slow
def test_every_case_of_the_specification() -> None:
    cases = 0
    for specification in specifications():
        ours = evaluator(specification["state"])
        for case in specification.get("tests", []):
            found = ours.evaluate(case["toggleName"], context(case["context"]))
            assert (found is not None and found.enabled) is case["expectedResult"], case["description"]
            cases += 1
        for case in specification.get("variantTests", []):
            found = ours.evaluate(case["toggleName"], context(case["context"]))
            assert as_sdk(found) == case["expectedResult"], case["description"]
            cases += 1
    assert cases == CASES
