"""How often each of many may ask, on this server: counted in memory, by the minute. Several servers count by
themselves, so that together they let through as many times more."""

from flagkeeper.http.caller import Credential
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import RateLimited

WINDOW = 60 * clock.SECOND


class Pace:
    """Requests of each token in this minute.

    Args:
        most: how many it may make. None: any number.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._window = 0
        self._asked: dict[str, int] = {}

    def demand(self, credential: Credential, now: clock.Millis) -> None:
        """Counts a request. Raises `RateLimited` for one too many, with the seconds until the next minute."""
        if self._most is None:
            return
        window, since = divmod(now, WINDOW)
        if window != self._window:
            self._window, self._asked = window, {}
        holder = credential.id or credential.name
        asked = self._asked[holder] = self._asked.get(holder, 0) + 1
        if asked > self._most:
            raise RateLimited(
                f"This token may ask {self._most:,} times in a minute. Ask less often, or for all flags at once.",
                -(-(WINDOW - since) // clock.SECOND),
            )
