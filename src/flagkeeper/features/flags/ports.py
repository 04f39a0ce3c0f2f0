"""What flags must ask a higher slice; the slice there answers."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from flagkeeper.kernel.port import Port
from flagkeeper.storage.transaction import Transaction


@runtime_checkable
class HourCounts(Protocol):
    """Knows how often SDKs found flags on and off."""

    def __call__(self, tx: Transaction, flag: str) -> Mapping[str, tuple[int, int]]:
        """In this hour, by environment: how often on, how often off. Where nobody reported, it is left out."""
        ...


HOUR_COUNTS = Port[HourCounts]("hour_counts")
