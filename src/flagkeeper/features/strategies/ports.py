"""What strategy definitions must ask the flags; the slice there answers."""

from typing import Protocol, runtime_checkable

from flagkeeper.eventlog.query import EVERYTHING, Visibility
from flagkeeper.kernel.port import Port
from flagkeeper.storage.transaction import Transaction


@runtime_checkable
class StrategyUses(Protocol):
    """Knows the flags that use a strategy definition."""

    def __call__(self, tx: Transaction, strategy: str, visibility: Visibility = EVERYTHING) -> list[str]:
        """Their names, each once and sorted; archived flags too. Those of which the reader may not know are one
        without a name."""
        ...


STRATEGY_USES = Port[StrategyUses]("strategy_uses")
