"""How often somebody may try to log in (facts: platform-model.md, section 8)."""

from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import RateLimited

MOST_LOGINS = 10
WINDOW = clock.MINUTE
_MANY = 10_000
"""Addresses after which those whose minute is over are forgotten."""


class LoginLimit:
    """Counts attempts per address and minute, right and wrong ones. Kept in memory: each server counts its own."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[clock.Millis, int]] = {}

    def count(self, address: str, now: clock.Millis) -> None:
        """Counts one attempt.

        Raises:
            RateLimited: it is one too many.
        """
        start, attempts = self._windows.get(address, (now, 0))
        if now - start >= WINDOW:
            start, attempts = now, 0
        if attempts >= MOST_LOGINS:
            seconds = -(-(start + WINDOW - now) // clock.SECOND)
            raise RateLimited(f"Too many attempts to log in. Try again in {seconds} seconds.", seconds)
        if len(self._windows) >= _MANY:
            self._windows = {each: window for each, window in self._windows.items() if now - window[0] < WINDOW}
        self._windows[address] = (start, attempts + 1)
