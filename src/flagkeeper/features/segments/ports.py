"""What segments must ask a higher slice; the composition root wires the answer."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec

from flagkeeper.storage.transaction import Transaction


class StrategyUse(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A strategy that uses a segment."""

    id: str
    project_id: str
    feature_name: str
    strategy_name: str
    environment: str


@runtime_checkable
class SegmentUses(Protocol):
    """Knows the strategies that use segments, those of archived flags included."""

    def __call__(self, tx: Transaction, segment_ids: list[int]) -> Mapping[int, list[StrategyUse]]:
        """By segment; one that no strategy uses is left out."""
        ...
