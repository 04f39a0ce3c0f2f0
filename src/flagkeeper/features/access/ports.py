"""What access must ask a higher slice; the composition root wires the answer."""

from typing import Protocol, runtime_checkable

from flagkeeper.storage.transaction import Transaction


@runtime_checkable
class EnvironmentNames(Protocol):
    """Knows all environments, in the order in which people see them."""

    def __call__(self, tx: Transaction) -> list[str]: ...
