"""Addresses from which tokens come that upstream does not know: whoever guesses costs upstream little."""

from collections import OrderedDict

from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import RateLimited

WINDOW = 60 * clock.SECOND
MOST_WRONG = 300
"""Unknown tokens from one address in a minute. Behind an address may be a whole office, or another edge."""
MOST_ADDRESSES = 10_000
"""Of which that is kept; those that were silent for longest are forgotten first."""


class Strangers:
    """Counts in memory, by the minute. Tokens that are known are never counted, and are served all the while."""

    def __init__(self) -> None:
        self._window = 0
        self._wrong: OrderedDict[str, int] = OrderedDict()
        self.refused = 0
        """Requests that were refused since the start."""

    def demand(self, address: str, now: clock.Millis) -> None:
        """Raises `RateLimited`: too many unknown tokens came from there in this minute to ask about another one."""
        window, since = divmod(now, WINDOW)
        if window != self._window:
            self._window = window
            self._wrong.clear()
        if self._wrong.get(address, 0) >= MOST_WRONG:
            self.refused += 1
            raise RateLimited(
                "Too many unknown tokens came from your address. Check the token, and try again in a minute.",
                -(-(WINDOW - since) // clock.SECOND),
            )

    def was_wrong(self, address: str) -> None:
        """Upstream does not know a token that came from there."""
        self._wrong[address] = self._wrong.pop(address, 0) + 1
        if len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)
