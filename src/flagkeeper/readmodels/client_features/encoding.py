"""Flags and segments as SDKs read them (facts: client-protocol.md, section 3). Pure.

One field of a wrong type in one flag makes an SDK refuse its whole state, silently. So everything stored is checked to
its exact type here, and a flag whose stored state cannot be sent is sent as off.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
import structlog
from msgspec import UNSET, Meta, UnsetType

from flagkeeper.eventlog.catalogue.payload import ConstraintData, Payload, VariantOverride

log = structlog.get_logger("flagkeeper.client_features")


class FlagRow(msgspec.Struct, frozen=True):
    """A flag as it is stored."""

    name: str
    type: str
    project: str
    description: str | None
    stale: bool
    impression_data: bool


class StrategyRow(msgspec.Struct, frozen=True):
    """An enabled strategy of a flag in an environment; lists and maps are JSON text."""

    name: str
    parameters: str
    constraints: str
    variants: str
    segments: tuple[int, ...]


class EnvironmentRow(msgspec.Struct, frozen=True):
    """A flag in an environment, with its enabled strategies in order."""

    enabled: bool
    variants: str
    strategies: Sequence[StrategyRow]


class Segment(msgspec.Struct, frozen=True):
    """A segment, and what is sent of it."""

    constraints: list[ConstraintData]
    encoded: bytes


class Encoded(msgspec.Struct, frozen=True):
    """A flag in an environment, ready to be sent in either form."""

    inlined: bytes
    """The constraints of segments stand among those of the strategies: for SDKs that know no segments."""
    linked: bytes
    """Strategies name their segments by id."""
    segments: frozenset[int] = frozenset()


class ClientVariantPayload(Payload, frozen=True, kw_only=True):
    type: Literal["string", "json", "csv", "number"]
    value: str


class ClientVariant(Payload, frozen=True, kw_only=True):
    name: str
    weight: Annotated[int, Meta(ge=0, le=1000)]
    weight_type: Literal["variable", "fix"]
    stickiness: str
    payload: ClientVariantPayload | UnsetType = UNSET
    overrides: list[VariantOverride] | UnsetType = UNSET


class ClientStrategy(Payload, frozen=True, kw_only=True):
    name: str
    constraints: list[ConstraintData]
    parameters: dict[str, str]
    variants: list[ClientVariant]
    segments: Sequence[int] | UnsetType = UNSET


class ClientFeature(Payload, frozen=True, kw_only=True):
    name: str
    type: str
    enabled: bool
    project: str
    stale: bool
    strategies: list[ClientStrategy]
    variants: list[ClientVariant]
    description: str | None
    impression_data: bool


class ClientSegment(Payload, frozen=True, kw_only=True):
    id: int
    name: str
    constraints: list[ConstraintData]


_encode = msgspec.json.Encoder().encode
_read_constraints = msgspec.json.Decoder(list[ConstraintData]).decode
_read_variants = msgspec.json.Decoder(list[ClientVariant]).decode
_read_parameters = msgspec.json.Decoder(dict[str, str | int | float | bool | None]).decode


def encode_segment(id_: int, name: str, constraints: list[ConstraintData]) -> Segment:
    return Segment(constraints, _encode(ClientSegment(id=id_, name=name, constraints=constraints)))


def encode_off(flag: FlagRow) -> bytes:
    """The flag in an environment in which it has no state."""
    return _encode(_feature(flag, enabled=False, strategies=[], variants=[]))


def encode_flag(flag: FlagRow, state: EnvironmentRow, segments: Mapping[int, Segment]) -> Encoded:
    """The flag in an environment."""
    try:
        strategies = [_strategy(row) for row in state.strategies]
        variants = _read_variants(state.variants)
        inlined = [_inlined(strategy, segments) for strategy in strategies]
    except (msgspec.ValidationError, msgspec.DecodeError, KeyError):
        log.exception("flag_sent_as_off", flag=flag.name)
        off = encode_off(flag)
        return Encoded(off, off)
    linked = _encode(_feature(flag, state.enabled, strategies, variants))
    used = frozenset(id_ for row in state.strategies for id_ in row.segments)
    return Encoded(_encode(_feature(flag, state.enabled, inlined, variants)) if used else linked, linked, used)


def _feature(
    flag: FlagRow, enabled: bool, strategies: list[ClientStrategy], variants: list[ClientVariant]
) -> ClientFeature:
    return ClientFeature(
        name=flag.name,
        type=flag.type,
        enabled=enabled,
        project=flag.project,
        stale=flag.stale,
        strategies=strategies,
        variants=variants,
        description=flag.description,
        impression_data=flag.impression_data,
    )


def _strategy(row: StrategyRow) -> ClientStrategy:
    return ClientStrategy(
        name=row.name,
        constraints=_read_constraints(row.constraints),
        parameters={
            name: _text(value) for name, value in _read_parameters(row.parameters).items() if value is not None
        },
        variants=_read_variants(row.variants),
        segments=row.segments or UNSET,
    )


def _inlined(strategy: ClientStrategy, segments: Mapping[int, Segment]) -> ClientStrategy:
    """Raises `KeyError` for a segment that does not exist: leaving it out would let more people in."""
    if strategy.segments is UNSET:
        return strategy
    more = [constraint for id_ in strategy.segments for constraint in segments[id_].constraints]
    return msgspec.structs.replace(strategy, constraints=[*strategy.constraints, *more], segments=UNSET)


def _text(value: Any) -> str:
    """SDKs read parameters as text, whatever was stored."""
    return value if isinstance(value, str) else _encode(value).decode()
