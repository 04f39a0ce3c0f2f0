"""Whether an attempt would be refused, for those who ask before they write."""

from flagkeeper.features.attempts import store
from flagkeeper.features.attempts.model import PASSWORD, Tried, in_window, wrong
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.transaction import Transaction


def demand_room(tx: Transaction, tried: Tried, who: str, most: int, now: Millis) -> None:
    """Raises `RateLimited`."""
    in_window(tried, most, store.find(tx, tried, who), now)


def demand_patience(tx: Transaction, account: str, now: Millis) -> None:
    """Raises `RateLimited`."""
    wrong(store.find(tx, PASSWORD, account), now)
