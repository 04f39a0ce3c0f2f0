"""How many exports one caller may have under way: each reads much, and all share the same readers."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from flagkeeper.http.caller import Caller, Holder
from flagkeeper.kernel.errors import RateLimited

MOST = 4
"""Exports of one caller at a time."""
AGAIN = 10
"""Seconds after which a client that was refused may try again."""


class ExportSlots:
    """Those of one server. Used on the event loop."""

    def __init__(self) -> None:
        self._taken: Counter[Holder] = Counter()

    @contextmanager
    def take(self, caller: Caller) -> Iterator[None]:
        """Counts an export while it lasts. Raises `RateLimited` when the caller has too many."""
        if self._taken[caller.holder] >= MOST:
            raise RateLimited(f"You have {MOST} exports under way on this server. Wait for one of them.", AGAIN)
        self._taken[caller.holder] += 1
        try:
            yield
        finally:
            self._taken[caller.holder] -= 1
            self._taken = +self._taken
