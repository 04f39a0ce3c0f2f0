"""Flags and segments as SDKs read them. Pure.

One field of a wrong type in one flag makes an SDK refuse its whole state, silently. So everything stored is checked to
its exact type here, and a flag whose stored state cannot be sent is sent as off.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.evaluation.document import ClientDependency, ClientFeature, ClientSegment, ClientStrategy, ClientVariant
from flagkeeper.eventlog.catalogue.payload import by_name

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


class DependencyRow(msgspec.Struct, frozen=True):
    """What a flag asks of another one."""

    parent: str
    enabled: bool
    variants: str


class Segment(msgspec.Struct, frozen=True):
    """A segment, and what is sent of it."""

    constraints: list[Constraint]
    encoded: bytes


class Encoded(msgspec.Struct, frozen=True):
    """A flag in an environment, ready to be sent in either form."""

    inlined: bytes
    """The constraints of segments stand among those of the strategies: for SDKs that know no segments."""
    linked: bytes
    """Strategies name their segments by id."""
    segments: frozenset[int] = frozenset()


_encode = msgspec.json.Encoder().encode
_read_constraints = msgspec.json.Decoder(list[Constraint]).decode
_read_variant_list = msgspec.json.Decoder(list[ClientVariant]).decode
_read_names = msgspec.json.Decoder(list[str]).decode
_read_parameters = msgspec.json.Decoder(dict[str, str | int | float | bool | None]).decode


def encode_segment(id_: int, name: str, constraints: list[Constraint]) -> Segment:
    return Segment(constraints, _encode(ClientSegment(id=id_, name=name, constraints=constraints)))


def encode_off(flag: FlagRow, dependencies: Sequence[DependencyRow] = ()) -> bytes:
    """The flag in an environment in which it has no state. Whatever it asks of others, it is off."""
    try:
        asked = _dependencies(dependencies)
    except (msgspec.ValidationError, msgspec.DecodeError):
        log.exception("dependencies_not_sent", flag=flag.name)
        asked = UNSET
    return _encode(_feature(flag, enabled=False, strategies=[], variants=[], dependencies=asked))


def encode_flag(
    flag: FlagRow,
    state: EnvironmentRow,
    segments: Mapping[int, Segment],
    dependencies: Sequence[DependencyRow] = (),
) -> Encoded:
    """The flag in an environment."""
    try:
        asked = _dependencies(dependencies)
        strategies = [_strategy(row) for row in state.strategies]
        variants = _read_variants(state.variants)
        in_place = [inlined(strategy, segments) for strategy in strategies]
    except (msgspec.ValidationError, msgspec.DecodeError, KeyError):
        log.exception("flag_sent_as_off", flag=flag.name)
        off = encode_off(flag, dependencies)
        return Encoded(off, off)
    linked = _encode(_feature(flag, state.enabled, strategies, variants, asked))
    used = frozenset(id_ for row in state.strategies for id_ in row.segments)
    return Encoded(_encode(_feature(flag, state.enabled, in_place, variants, asked)) if used else linked, linked, used)


def _feature(
    flag: FlagRow,
    enabled: bool,
    strategies: list[ClientStrategy],
    variants: list[ClientVariant],
    dependencies: list[ClientDependency] | UnsetType,
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
        dependencies=dependencies,
    )


def _dependencies(rows: Sequence[DependencyRow]) -> list[ClientDependency] | UnsetType:
    """Left out where there are none."""
    found = [
        ClientDependency(feature=row.parent, enabled=row.enabled, variants=_read_names(row.variants)) for row in rows
    ]
    return found or UNSET


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


def _read_variants(stored: str) -> list[ClientVariant]:
    return by_name(_read_variant_list(stored))


def inlined(strategy: ClientStrategy, segments: Mapping[int, Segment]) -> ClientStrategy:
    """With the constraints of its segments among its own.

    Raises:
        KeyError: a segment does not exist. Leaving it out would let more people in.
    """
    if strategy.segments is UNSET:
        return strategy
    more = [constraint for id_ in strategy.segments for constraint in segments[id_].constraints]
    return msgspec.structs.replace(strategy, constraints=[*strategy.constraints, *more], segments=UNSET)


def _text(value: Any) -> str:
    """SDKs read parameters as text, whatever was stored."""
    return value if isinstance(value, str) else _encode(value).decode()
