"""What context fields must ask higher slices; the slices there answer."""

from collections.abc import Iterable, Mapping
from typing import Protocol, runtime_checkable

import msgspec

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.kernel.port import Port
from flagkeeper.storage.transaction import Transaction


class StrategyUse(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A strategy that uses something: a context field or a segment."""

    id: str
    project_id: str
    feature_name: str
    strategy_name: str
    environment: str


@runtime_checkable
class FieldUses(Protocol):
    """Knows the strategies with constraints on context fields, those of archived flags included."""

    def __call__(self, tx: Transaction, fields: list[str], /) -> Mapping[str, list[StrategyUse]]:
        """By field; one that no strategy uses is left out."""
        ...


@runtime_checkable
class FieldSegments(Protocol):
    """Knows the segments with constraints on a context field."""

    def __call__(self, tx: Transaction, field: str, /) -> list[str | None]:
        """For each segment its project; None: it belongs to all."""
        ...


@runtime_checkable
class FieldConstraints(Protocol):
    """Knows the constraints of strategies, those of archived flags and default ones included, and of segments."""

    def __call__(self, tx: Transaction, field: str, /) -> Iterable[Constraint]:
        """Those on a context field."""
        ...


FIELD_USES = Port[FieldUses]("field_uses")
FIELD_SEGMENTS = Port[FieldSegments]("field_segments")
FIELD_CONSTRAINTS = Port[FieldConstraints]("field_constraints")
