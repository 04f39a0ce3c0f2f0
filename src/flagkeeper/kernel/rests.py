"""Long work on a thread lets the others of its process run."""

import time
from collections.abc import Callable

Rest = Callable[[], None]
"""Called every now and then by long work."""

WORK = 0.002
"""Seconds of work between two rests. Somebody else who waits for the interpreter gets it after 5 ms without them, and
has to wait again after every statement."""
LONGEST = 0.02


class Rests:
    """Rests as long as it worked, a few milliseconds at a time."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def __call__(self) -> None:
        worked = time.monotonic() - self._since
        if worked > WORK:
            time.sleep(min(worked, LONGEST))
            self._since = time.monotonic()


def restless() -> None:
    """For work that nobody else waits for."""
