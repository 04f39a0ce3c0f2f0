"""What each outcome of a flag looks like in answers, encoded once: an answer is a list of these, joined. Pure.

Every piece ends with the comma that may follow it.
"""

from functools import cached_property
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.evaluation import operand
from flagkeeper.evaluation.document import ClientFeature, ClientVariant
from flagkeeper.evaluation.flag import OFF, CompiledFlag
from flagkeeper.evaluation.strategy import GRADUAL
from flagkeeper.readmodels.remote_evaluation.schemas import (
    EvaluationFailure,
    EvaluationSuccess,
    FlagMetadata,
    Payload,
    Reason,
    Toggle,
    ToggleVariant,
)

_encode = msgspec.json.Encoder().encode

LACKS_USER = "This flag is rolled out by user: put who is asking into the context's targetingKey."

Pieces = list[bytes]
"""By outcome."""


class ReadyFlag:
    """A compiled flag, and what is sent of it. Most flags are asked for in one protocol only, so nothing is encoded
    before somebody asks.

    Args:
        source: the flag as SDKs are sent it, from which it was compiled.
        compiled: the flag itself.
    """

    def __init__(self, source: bytes, compiled: CompiledFlag) -> None:
        self.source = source
        self.compiled = compiled

    @cached_property
    def toggles(self) -> Pieces:
        """For the frontend API, off or on."""
        feature = self.compiled.feature
        return [
            _encode(_toggle(feature, variant, on=i != OFF)) + b"," for i, variant in enumerate(self.compiled.outcomes)
        ]

    @cached_property
    def toggles_on(self) -> Pieces:
        """The same, and nothing where it is off."""
        return [b"", *self.toggles[1:]]

    @cached_property
    def evaluations(self) -> list[EvaluationSuccess]:
        """For OFREP, by outcome."""
        return [evaluation(self.compiled, outcome) for outcome in range(len(self.compiled.outcomes))]

    @cached_property
    def evaluated(self) -> Pieces:
        return [_encode(each) + b"," for each in self.evaluations]

    @cached_property
    def needs_user(self) -> bool:
        """Whether it is shared out by user, so that it cannot be evaluated for nobody."""
        feature = self.compiled.feature
        return not isinstance(self.compiled.decision, int) and any(
            name in ("default", "userId") for name in _shared_out_by(feature)
        )

    @cached_property
    def lacks_user(self) -> Pieces:
        """What OFREP says of it where nobody is named."""
        failure = EvaluationFailure(
            key=self.compiled.feature.name,
            error_code="TARGETING_KEY_MISSING",
            error_details=LACKS_USER,
        )
        return [_encode(failure) + b","]


def evaluation(flag: CompiledFlag, outcome: int) -> EvaluationSuccess:
    """An outcome, for OFREP. A flag that can hand out variants has the value of the variant; where it hands out none,
    it has no value, and the application's own default holds."""
    feature, variant = flag.feature, flag.outcomes[outcome]
    on = outcome != OFF
    has_variants = any(each is not None for each in flag.outcomes)
    value: Any = UNSET if has_variants else on
    if variant is not None:
        value = value_of(variant)
    return EvaluationSuccess(
        key=feature.name,
        reason=_reason(flag, outcome),
        variant=("on" if on else "off") if variant is None else variant.name,
        value=value,
        metadata=FlagMetadata(enabled=on, project=feature.project),
    )


def value_of(variant: ClientVariant) -> Any:
    """The payload as what it says it is: text, a number, or JSON. A variant without one has its name as value, and a
    payload that is not what it says is text."""
    payload = variant.payload
    if payload is UNSET:
        return variant.name
    if payload.type == "json" or (payload.type == "number" and operand.number(payload.value) is not None):
        try:
            msgspec.json.decode(payload.value)
        except (msgspec.DecodeError, UnicodeEncodeError):
            return payload.value if payload.type == "json" else float(payload.value)
        return msgspec.Raw(payload.value.encode())  # 5.0 stays what it is: some providers tell 5 from it
    return payload.value


def _toggle(feature: ClientFeature, variant: ClientVariant | None, *, on: bool) -> Toggle:
    payload: Payload | UnsetType = UNSET
    if variant is not None and variant.payload is not UNSET:
        payload = Payload(type=variant.payload.type, value=variant.payload.value)
    return Toggle(
        name=feature.name,
        enabled=on,
        variant=ToggleVariant(
            name="disabled" if variant is None else variant.name,
            enabled=variant is not None,
            payload=payload,
            feature_enabled=on,
            also_feature_enabled=on,
        ),
        impression_data=feature.impression_data,
    )


def _reason(flag: CompiledFlag, outcome: int) -> Reason:
    if not flag.feature.enabled:
        return "DISABLED"
    if isinstance(flag.decision, int) and not flag.feature.dependencies:
        return "STATIC"
    if outcome == OFF:
        return "DEFAULT"
    return "SPLIT" if any(_shared_out_by(flag.feature)) else "TARGETING_MATCH"


def _shared_out_by(feature: ClientFeature) -> list[str]:
    """The stickinesses by which the flag or its variants are shared out."""
    found = []
    for strategy in feature.strategies:
        sticky = strategy.parameters.get("stickiness", "default")
        if strategy.name == GRADUAL and strategy.parameters.get("rollout") not in ("0", "100"):
            found.append(sticky)
        if strategy.name.startswith("gradualRollout"):
            found.append(_GRADUAL_BY.get(strategy.name, "random"))
        if len(strategy.variants) > 1:
            found.append(sticky)
    if len(feature.variants) > 1:
        found.append(feature.variants[0].stickiness)
    return found


_GRADUAL_BY = {"gradualRolloutUserId": "userId", "gradualRolloutSessionId": "sessionId"}
