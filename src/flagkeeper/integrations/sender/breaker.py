"""A circuit breaker: holds back what a receiver cannot take, and tries now and then whether it is back. Pure."""

THRESHOLD = 10
"""Failures in a row after which a receiver is taken to be down."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds between trials: twice as many after each one that failed."""


class Breaker:
    """Of one integration. Times are seconds of one clock. `scale` shortens the pauses, for tests."""

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale
        self._failures = 0
        self._trips = 0
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        """The receiver is taken to be down."""
        return self._trips > 0

    def allows(self, now: float, on_the_way: int) -> bool:
        """Whether one more may be sent: while open, one at a time, after each pause."""
        return not self.is_open or (now >= self._until and on_the_way == 0)

    def rest(self, now: float) -> float | None:
        """Seconds until the next trial; None when it is not open, or the trial may begin."""
        return self._until - now if self.is_open and self._until > now else None

    def answered(self) -> bool:
        """The receiver is there, whatever it says. True when it was taken to be down."""
        was_open = self.is_open
        self._failures = self._trips = 0
        return was_open

    def failed(self, now: float, chance: float) -> bool:
        """There was no answer, or one that says `not now`. `chance` is random, 0 to 1. True when it opens."""
        self._failures += 1
        if self._failures < THRESHOLD or now < self._until:
            return False
        self._trips += 1
        pause = min(FIRST_PAUSE * 2 ** (self._trips - 1), LONGEST_PAUSE)
        self._until = now + pause * self._scale * (0.9 + 0.2 * chance)
        return self._trips == 1
