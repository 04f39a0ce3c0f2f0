"""The log signal: tells the event loop that the log has grown. It only wakes; the database says what is new."""

import asyncio
import threading

CHANNEL = "flagkeeper_log"
"""Where PostgreSQL tells other processes the id of a new event."""


class LogSignal:
    """Given from any thread with the id of the newest event known; waited for on the event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiters: set[asyncio.Event] = set()
        self._lock = threading.Lock()
        self.last_id = 0
        """The newest event that this process knows to be committed."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def notify(self, last_id: int) -> None:
        """May be called on any thread. An id that is not newer still wakes: after a restore, ids may fall."""
        with self._lock:
            self.last_id = max(self.last_id, last_id)
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake)

    def correct(self, heard: int, last_id: int) -> None:
        """The log was read after `heard` was heard of, and reaches to `last_id` only: somebody put an older backup in
        its place."""
        with self._lock:
            if self.last_id == heard > last_id:
                self.last_id = last_id

    def _wake(self) -> None:
        for waiter in self._waiters:
            waiter.set()

    async def wait(self, position: int, timeout: float) -> bool:
        """Returns when an event newer than `position` is known (True), or else with the next signal, for any event, or
        after `timeout` seconds (False): ids may fall, after a restore."""
        if self.last_id > position:
            return True
        woken = asyncio.Event()
        self._waiters.add(woken)
        try:
            # Not `wait_for`: before Python 3.12 it may lose a cancellation that comes together with the signal.
            async with asyncio.timeout(timeout):
                await woken.wait()
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(woken)
        return self.last_id > position
