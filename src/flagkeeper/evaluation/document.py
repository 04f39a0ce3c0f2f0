"""Flags and segments of one environment, as they are sent to SDKs. Pure.

One field of a wrong type in one flag makes an SDK refuse its whole state, silently: so these types are exact.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from flagkeeper.evaluation.constraint import Constraint


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what SDKs read."""


class VariantOverride(Wire, frozen=True, kw_only=True):
    """Who gets a variant without a draw: contexts in which a field has one of these values."""

    context_name: str
    values: list[str]


class ClientVariantPayload(Wire, frozen=True, kw_only=True):
    type: Literal["string", "json", "csv", "number"]
    value: str


class ClientVariant(Wire, frozen=True, kw_only=True):
    name: str
    weight: Annotated[int, Meta(ge=0, le=1000)]
    weight_type: Literal["variable", "fix"]
    stickiness: str
    """Only that of a flag's first variant counts; variants of strategies have their strategy's."""
    payload: ClientVariantPayload | UnsetType = UNSET
    overrides: list[VariantOverride] | UnsetType = UNSET


class ClientStrategy(Wire, frozen=True, kw_only=True):
    """An enabled strategy; disabled ones are not sent."""

    name: str
    constraints: list[Constraint]
    parameters: dict[str, str]
    variants: list[ClientVariant]
    segments: Sequence[int] | UnsetType = UNSET


class ClientDependency(Wire, frozen=True, kw_only=True):
    """The state of another flag, the parent, that a flag asks for."""

    feature: str
    enabled: bool = True
    variants: list[str] = []
    """If there are any, the parent must have one of them."""


class ClientFeature(Wire, frozen=True, kw_only=True):
    name: str
    type: str
    enabled: bool
    project: str
    stale: bool
    strategies: list[ClientStrategy]
    variants: list[ClientVariant]
    description: str | None
    impression_data: bool
    dependencies: list[ClientDependency] | UnsetType = UNSET


class ClientSegment(Wire, frozen=True, kw_only=True):
    id: int
    name: str
    constraints: list[Constraint]
