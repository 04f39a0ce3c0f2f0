"""What segments must ask a higher slice; the slice there answers."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from flagkeeper.features.context_fields.ports import StrategyUse
from flagkeeper.kernel.port import Port
from flagkeeper.storage.transaction import Transaction


@runtime_checkable
class SegmentUses(Protocol):
    """Knows the strategies that use segments, those of archived flags included."""

    def __call__(self, tx: Transaction, segment_ids: list[int], /) -> Mapping[int, list[StrategyUse]]:
        """By segment; one that no strategy uses is left out."""
        ...


SEGMENT_USES = Port[SegmentUses]("segment_uses")
