"""Which undertakings there are."""

from flagkeeper.features.undertakings import store
from flagkeeper.features.undertakings.model import Undertaking
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.transaction import Transaction


def left_unfinished(tx: Transaction, untouched_for: Millis) -> list[Undertaking]:
    """Those of which nobody has done anything for so long (milliseconds, by the database's clock)."""
    return store.left_unfinished(tx, untouched_for)


def is_under_way(tx: Transaction, subject: str) -> bool:
    """Whether a part of an undertaking about the subject has been done, and a part is left."""
    return store.lock(tx, subject) is not None
