"""What strategy definitions must ask the flags; the composition root wires the answer."""

from typing import Protocol, runtime_checkable

from flagkeeper.storage.transaction import Transaction


@runtime_checkable
class StrategyUses(Protocol):
    """Knows the flags that use a strategy definition."""

    def __call__(self, tx: Transaction, strategy: str) -> list[str]:
        """Their names, each once and sorted; archived flags too."""
        ...
