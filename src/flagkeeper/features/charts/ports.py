"""What charts must ask a higher slice; the slice there answers."""

from typing import Protocol, runtime_checkable

from flagkeeper.kernel.port import Port
from flagkeeper.storage.transaction import Transaction


@runtime_checkable
class ChartedFlag(Protocol):
    """Knows where a flag is."""

    def __call__(self, tx: Transaction, flag: str, /) -> str | None:
        """The project of a flag in use; None: there is none."""
        ...


CHARTED_FLAG = Port[ChartedFlag]("charted_flag")
