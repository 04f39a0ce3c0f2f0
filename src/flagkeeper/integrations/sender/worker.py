"""The delivery worker of one integration, in the process that holds its lease."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from flagkeeper.integrations.delivery.model import Delivery
from flagkeeper.integrations.sender.breaker import Breaker
from flagkeeper.integrations.sender.due import Ask, Found
from flagkeeper.integrations.sender.queue import Queue
from flagkeeper.integrations.sender.receiver import Receiver
from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import Millis

log = structlog.get_logger("flagkeeper.sender")

IN_FLIGHT = 16
"""Deliveries of one integration on their way at a time."""
LOW = 128
"""With fewer deliveries ready, the database is asked for more."""
MARGIN = 2.0
"""Seconds before the end of a lease at which nothing new is sent: clocks differ a little, and a request takes time."""


class DeliveryWorker:
    """What is known of one integration while its lease is held."""

    def __init__(self, receiver: Receiver, loop: asyncio.AbstractEventLoop, scale: float) -> None:
        self.receiver = receiver
        self.queue = Queue(ordered=receiver.ordered)
        self.breaker = Breaker(scale)
        self.next_due: Millis | None = None
        self.more = True
        """The database may have more that is due at once."""
        self.retired = False
        """The integration was switched off or deleted: what is on its way is the last."""
        self._loop = loop
        self._scale = scale
        self._leased_until = 0.0
        self._polls = 0
        self._end: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def id(self) -> int:
        return self.receiver.integration_id

    @property
    def quiet(self) -> bool:
        """Nothing is on its way, and everything is recorded."""
        return not self.queue.unrecorded

    @property
    def left(self) -> float:
        """Seconds until the lease ends. By the clock itself: the loop's stands still while one of its steps is run."""
        return self._leased_until - time.monotonic()

    def renewed(self, until: float) -> None:
        """The lease holds until then, by `time.monotonic()`."""
        self._leased_until = until
        if self._end is not None:
            self._end.cancel()
        self._end = self._loop.call_later(max(0.0, self.left), self.lapse)

    def lapse(self) -> None:
        """The lease ended, and another process may send: what is on its way is cut off, and what is in memory may no
        longer be true. Should the lease be renewed after all, the database says where to go on."""
        self.cut_off()
        self.start_over()

    def start_over(self) -> None:
        """Forgets what was not sent, and what a poll that is under way will find."""
        self.queue.forget_unsent()
        self._polls += 1
        self.more, self.next_due = True, None

    def abandoned(self, delivery: Delivery) -> None:
        """It was cut off on its way. Nothing is recorded: it goes out again before all that comes after it."""
        self.queue.abandoned(delivery)
        self.start_over()

    def cut_off(self) -> None:
        for task in self._tasks:
            task.cancel()

    def dismiss(self) -> None:
        """It is no longer needed."""
        if self._end is not None:
            self._end.cancel()
        self.cut_off()

    async def finish(self, patience: float) -> None:
        """Waits so many seconds for what is on its way, then cuts it off."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)
        self.dismiss()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def meet(self, receiver: Receiver) -> None:
        """The integration was changed: its receiver gets a new chance. A change of order waits until nothing is on its
        way."""
        if receiver != self.receiver:
            self.receiver, self.breaker, self.more = receiver, Breaker(self._scale), True
        self.retired = False

    def change_order(self) -> None:
        if self.queue.ordered != self.receiver.ordered and self.quiet:
            self.queue = Queue(ordered=self.receiver.ordered)
            self.start_over()

    def may_start(self) -> bool:
        return (
            not self.retired
            and self.queue.ordered == self.receiver.ordered
            and self.queue.on_the_way < IN_FLIGHT
            and self.left > MARGIN
            and self._receiver_may_be_tried()
        )

    def _receiver_may_be_tried(self) -> bool:
        return self.breaker.allows(self._loop.time(), self.queue.on_the_way)

    def start(self, delivery: Delivery, work: Coroutine[Any, Any, None], ended: Callable[[], None]) -> None:
        """Sends a delivery. `ended` is called whatever happens, also when it is cut off before it has begun."""

        def done(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if task.cancelled():
                self.abandoned(delivery)
            elif error := task.exception():
                log.error("delivery_defect", integration=self.id, event_id=delivery.event_id, exc_info=error)
            ended()

        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(done)

    def wants_more(self, now: Millis) -> bool:
        """Whether a poll of the database might bring something that may be sent."""
        is_due = self.more or (self.next_due is not None and self.next_due <= now)
        has_room = self.queue.ready < LOW and self.queue.room > 0
        return is_due and not self.retired and has_room and self._receiver_may_be_tried()

    def rest(self, now: Millis) -> float | None:
        """Seconds until something is due, or a receiver that was down is tried again. None: nothing is in sight."""
        waits = [self.breaker.rest(self._loop.time())]
        if self.next_due is not None and self.next_due > now:
            waits.append((self.next_due - now) / clock.SECOND)
        return min((each for each in waits if each is not None), default=None)

    def ask(self) -> Ask:
        return Ask(integration_id=self.id, ordered=self.queue.ordered, room=self.queue.room, known=self.queue.known())

    def poll_begins(self) -> int:
        """The number of the poll, for `poll_ends`."""
        self.queue.poll_begins()
        self.more, self.next_due = False, None
        self._polls += 1
        return self._polls

    def poll_ends(self, number: int, found: Found) -> None:
        """What happened meanwhile is not forgotten: the poll may not have seen it."""
        if number != self._polls:
            return
        self.queue.add(found.fresh, found.again)
        self.more |= found.is_full
        if found.next_due is not None:
            self.due(found.next_due)

    def due(self, at: Millis) -> None:
        """Something will be due then."""
        self.next_due = at if self.next_due is None else min(self.next_due, at)
