"""The playground on the wire."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.evaluation.document import ClientVariant
from flagkeeper.evaluation.evaluator import ConstraintResult, StrategyResult
from flagkeeper.eventlog.catalogue.payload import StrategyData, VariantData, VariantPayload
from flagkeeper.features.segments.model import Segment
from flagkeeper.kernel.limits import AtOnce
from flagkeeper.readmodels.playground.model import Played

UNKNOWN: Literal["unknown"] = "unknown"
_TEXT = {"type": "string"}
ContextIn = Annotated[
    dict[str, Any],
    Meta(
        description="As SDKs have it. Other fields than these are taken as properties.",
        extra_json_schema={
            "required": ["appName"],
            "properties": {
                **dict.fromkeys(("appName", "environment", "remoteAddress", "sessionId", "userId"), _TEXT),
                "currentTime": {"type": "string", "format": "date-time"},
                "properties": {"type": "object", "additionalProperties": _TEXT},
            },
        },
    ),
]
Projects = AtOnce[str] | Literal["*"]
"""`*`: all."""
Answered = bool | Literal["unknown"]
"""`unknown`: only an application can tell, because the rule is its own."""


class PlaygroundBody(msgspec.Struct, frozen=True, kw_only=True):
    environment: str
    projects: Projects = "*"
    context: ContextIn


class AdvancedPlaygroundBody(msgspec.Struct, frozen=True, kw_only=True):
    """Commas in fields of the context split values: every combination is evaluated in every environment."""

    environments: Annotated[AtOnce[str], Meta(min_length=1)]
    projects: Projects = "*"
    context: ContextIn


class DrawnOut(msgspec.Struct, frozen=True, kw_only=True):
    """The variant that a strategy hands out."""

    name: str
    enabled: bool
    payload: VariantPayload | UnsetType = UNSET


class VariantOut(msgspec.Struct, frozen=True, kw_only=True):
    """The variant that an SDK reports; the one called `disabled` is none."""

    name: str
    enabled: bool
    payload: VariantPayload | UnsetType = UNSET
    feature_enabled: bool
    also_feature_enabled: bool = field(name="featureEnabled")
    """The same: SDKs read either name."""


class ConstraintOut(Constraint, frozen=True, kw_only=True):
    result: bool


class SegmentOut(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    result: bool
    constraints: list[ConstraintOut]


class ResultOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    evaluation_status: Literal["complete", "incomplete", "unevaluated"]
    """`unevaluated`: the strategy is disabled. `incomplete`: its rule is not known here, or cannot be read."""
    enabled: Answered
    variant: DrawnOut | UnsetType = UNSET
    variants: list[VariantData] | UnsetType = UNSET


class StrategyLinks(msgspec.Struct, frozen=True, kw_only=True):
    edit: str


class StrategyOut(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    id: str
    title: str | UnsetType
    disabled: bool
    parameters: dict[str, str]
    result: ResultOut
    constraints: list[ConstraintOut]
    segments: list[SegmentOut]
    links: StrategyLinks


class StrategiesOut(msgspec.Struct, frozen=True, kw_only=True):
    result: Answered
    """Of all together."""
    data: list[StrategyOut]


class FlagOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    project_id: str
    is_enabled: bool
    is_enabled_in_current_environment: bool
    has_unsatisfied_dependency: bool
    strategies: StrategiesOut
    variant: VariantOut
    variants: list[VariantData]


class PlacedFlagOut(FlagOut, frozen=True, kw_only=True):
    """A flag in one of several environments, in one of several contexts."""

    environment: str
    context: dict[str, Any]


class PlacesOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    project_id: str
    environments: dict[str, list[PlacedFlagOut]]


class PlaygroundOut(msgspec.Struct, frozen=True, kw_only=True):
    input: PlaygroundBody
    features: list[FlagOut]


class WarningsOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    invalid_context_properties: list[str] | UnsetType = UNSET
    """Fields that were left out, because their values are no texts."""


class AdvancedPlaygroundOut(msgspec.Struct, frozen=True, kw_only=True):
    input: AdvancedPlaygroundBody
    features: list[PlacesOut]
    warnings: WarningsOut


def shown(played: Played, segments: Mapping[int, Segment]) -> FlagOut:
    return FlagOut(**_flag(played, segments))


def shown_in_place(played: Played, segments: Mapping[int, Segment]) -> PlacedFlagOut:
    return PlacedFlagOut(
        **_flag(played, segments), environment=played.environment, context=dict(played.context.shown())
    )


def _flag(played: Played, segments: Mapping[int, Segment]) -> dict[str, Any]:
    explanation, state = played.explanation, played.state
    results = list(played.results())
    holding = next((strategy for strategy, result in results if result is not None and result.holds), None)
    variants = state.variants if holding is None or not holding.variants else holding.variants
    return {
        "name": played.flag.name,
        "project_id": played.flag.project,
        "is_enabled": explanation.evaluation.enabled,
        "is_enabled_in_current_environment": state.enabled,
        "has_unsatisfied_dependency": not explanation.dependencies_hold,
        "strategies": StrategiesOut(
            result=_together([result for _, result in results], unreadable=explanation.unreadable is not None),
            data=[_strategy(played, strategy, result, segments) for strategy, result in results],
        ),
        "variant": _variant(explanation.evaluation.variant, enabled=explanation.evaluation.enabled),
        "variants": variants,
    }


def _together(results: Sequence[StrategyResult | None], *, unreadable: bool) -> Answered:
    """A flag that has no enabled strategies is on for everybody."""
    said = [each for each in results if each is not None]
    if not said or any(each.holds for each in said):
        return not unreadable
    return UNKNOWN if any(map(_may_hold, said)) else False


def _may_hold(result: StrategyResult) -> bool:
    """Whether all holds but a rule that is not known here."""
    rest_holds = all(each.holds for each in result.constraints) and all(each.holds for each in result.segments)
    return rest_holds and not result.is_known


def _strategy(
    played: Played, strategy: StrategyData, result: StrategyResult | None, segments: Mapping[int, Segment]
) -> StrategyOut:
    project, flag = quote(played.flag.project), quote(played.flag.name)
    query = f"environmentId={quote(played.environment)}&strategyId={quote(strategy.id)}"
    return StrategyOut(
        name=strategy.name,
        id=strategy.id,
        title=strategy.title or UNSET,
        disabled=strategy.disabled,
        parameters=strategy.parameters,
        result=_result(strategy, result),
        constraints=_constraints(result.constraints if result else _failed(strategy.constraints)),
        segments=_segments(strategy, result, segments),
        links=StrategyLinks(edit=f"/projects/{project}/features/{flag}/strategies/edit?{query}"),
    )


def _result(strategy: StrategyData, result: StrategyResult | None) -> ResultOut:
    if result is None:
        if strategy.disabled:
            return ResultOut(evaluation_status="unevaluated", enabled=UNKNOWN)
        return ResultOut(evaluation_status="incomplete", enabled=False)
    if not result.is_known:
        return ResultOut(evaluation_status="incomplete", enabled=UNKNOWN if _may_hold(result) else False)
    return ResultOut(
        evaluation_status="complete",
        enabled=result.holds,
        variant=UNSET if result.variant is None else _drawn(result.variant),
        variants=strategy.variants or UNSET,
    )


def _segments(
    strategy: StrategyData, result: StrategyResult | None, segments: Mapping[int, Segment]
) -> list[SegmentOut]:
    said = {each.id: each for each in result.segments} if result else {}
    found = []
    for segment in (segments[id_] for id_ in strategy.segments if id_ in segments):
        id_ = segment.id
        constraints = said[id_].constraints if id_ in said else _failed(segment.constraints)
        found.append(
            SegmentOut(
                id=id_,
                name=segment.name,
                result=id_ in said and said[id_].holds,
                constraints=_constraints(constraints),
            )
        )
    return found


def _failed(constraints: Sequence[Constraint]) -> list[ConstraintResult]:
    """Of what was not evaluated, nothing holds."""
    return [ConstraintResult(each, holds=False) for each in constraints]


def _constraints(results: Sequence[ConstraintResult]) -> list[ConstraintOut]:
    return [ConstraintOut(**msgspec.structs.asdict(each.constraint), result=each.holds) for each in results]


def _drawn(variant: ClientVariant) -> DrawnOut:
    return DrawnOut(name=variant.name, enabled=True, payload=_payload(variant))


def _variant(variant: ClientVariant | None, *, enabled: bool) -> VariantOut:
    if variant is None:
        return VariantOut(name="disabled", enabled=False, feature_enabled=enabled, also_feature_enabled=enabled)
    return VariantOut(
        name=variant.name,
        enabled=True,
        payload=_payload(variant),
        feature_enabled=enabled,
        also_feature_enabled=enabled,
    )


def _payload(variant: ClientVariant) -> VariantPayload | UnsetType:
    if variant.payload is UNSET:
        return UNSET
    return VariantPayload(type=variant.payload.type, value=variant.payload.value)
