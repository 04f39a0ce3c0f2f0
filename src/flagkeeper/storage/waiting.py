"""Work that waits for the writer, and how those who asked for it hear what came of it."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, Protocol

from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.transaction import Transaction


class Work(Protocol):
    """One unit of work. It may be run more than once: until its batch is committed, a run counts for nothing."""

    group_id: str
    """What its events have in common, by which they are found."""

    def run(self, tx: Transaction, now: Millis) -> Any:
        """Reads, decides and writes; what it returns is handed to the one who asked, after the commit. `now` is the
        time at which that will have happened."""
        ...


class Failed:
    """The outcome of work that raised."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class Blocking:
    """Work for which a thread waits. Only the first outcome counts."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.since = time.monotonic()
        self.future: Future[Any] = Future()

    def begin(self) -> bool:
        """False: nobody waits for it any more, so it is not to be done."""
        return self.future.running() or self.future.set_running_or_notify_cancel()

    def settle(self, outcome: Any) -> None:
        with suppress(InvalidStateError):
            if isinstance(outcome, Failed):
                self.future.set_exception(outcome.error)
            else:
                self.future.set_result(outcome)


class Awaiting:
    """The same for those who wait on the event loop that runs now."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.since = time.monotonic()
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()

    def begin(self) -> bool:
        return not self.future.cancelled()

    def settle(self, outcome: Any) -> None:
        """To be called on the loop."""
        if self.future.done():
            return
        if isinstance(outcome, Failed):
            self.future.set_exception(outcome.error)
        else:
            self.future.set_result(outcome)


Waiting = Blocking | Awaiting
Settled = tuple[Waiting, Any]
"""Work with its outcome: `Failed`, or what it returned."""


def tell(settled: Sequence[Settled]) -> None:
    """Hands out outcomes, on any thread. A loop is woken once for all of its own: to wake it for each took a tenth of
    the time of a toggle."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[tuple[Awaiting, Any]]] = defaultdict(list)
    for waiting, outcome in settled:
        if isinstance(waiting, Awaiting):
            by_loop[waiting.loop].append((waiting, outcome))
        else:
            waiting.settle(outcome)
    for loop, own in by_loop.items():
        with suppress(RuntimeError):  # it was closed: nobody waits there any more
            loop.call_soon_threadsafe(_settle, own)


def fail(waiting: Sequence[Waiting], error: Exception) -> None:
    """The same outcome for all."""
    tell([(each, Failed(error)) for each in waiting])


def _settle(settled: Sequence[tuple[Awaiting, Any]]) -> None:
    for waiting, outcome in settled:
        waiting.settle(outcome)
