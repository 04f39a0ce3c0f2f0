"""What one integration has to send next, as far as it is in memory. Pure: it knows no time, no database, no network."""

from bisect import insort
from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from flagkeeper.integrations.delivery.model import Delivery

WINDOW = 512
"""Deliveries of one integration that are held in memory at most, those on their way included."""


class _Lane(msgspec.Struct):
    """The deliveries of one subject, where order was asked for."""

    owner: int
    """The event that is on its way, or that failed and holds up the others."""
    waiting: list[Delivery]
    """In log order."""


class Queue:
    """Hands deliveries out in log order, and by turns those that are tried again.

    With `ordered`, the deliveries of one subject form a lane: while one is on its way the others wait behind it. One
    that failed keeps its lane until that is recorded; then the database says how to go on.

    A delivery that was handed out stays known until its outcome is recorded *and* another poll of the database begins:
    a poll that began earlier may still show it as waiting.
    """

    def __init__(self, *, ordered: bool) -> None:
        self.ordered = ordered
        self.on_the_way = 0
        """Handed out, and not back yet."""
        self._known: dict[int, Delivery] = {}
        self._out: set[int] = set()
        """Handed out, and not recorded yet."""
        self._recorded: set[int] = set()
        self._fresh: deque[Delivery] = deque()
        self._again: deque[Delivery] = deque()
        self._promoted: deque[Delivery] = deque()
        """Those whose lane has become free, and is theirs by now."""
        self._lanes: dict[str, _Lane] = {}
        self._fresh_first = False

    @property
    def room(self) -> int:
        """How many more may be held, once another poll has begun."""
        return max(0, WINDOW - len(self._known) + len(self._recorded))

    @property
    def ready(self) -> int:
        """How many could be handed out, lanes aside."""
        return len(self._fresh) + len(self._again) + len(self._promoted)

    @property
    def unrecorded(self) -> int:
        """How many were handed out, and are not recorded."""
        return len(self._out)

    def known(self) -> list[int]:
        return list(self._known)

    def poll_begins(self) -> None:
        """From now on the database shows all that was recorded so far."""
        closed = set()
        for event_id in self._recorded:
            subject = self._known.pop(event_id).subject
            lane = self._lanes.get(subject)
            if lane is not None and lane.owner == event_id:
                del self._lanes[subject]
                closed.add(subject)
                self._drop(lane.waiting)
        self._recorded.clear()
        if closed:
            self._fresh = self._without(self._fresh, closed)
            self._again = self._without(self._again, closed)

    def add(self, fresh: Sequence[Delivery], again: Sequence[Delivery]) -> None:
        """What a poll found."""
        for found, into in ((fresh, self._fresh), (again, self._again)):
            for delivery in found:
                if delivery.event_id not in self._known:
                    self._known[delivery.event_id] = delivery
                    into.append(delivery)

    def next(self) -> Delivery | None:
        """The delivery whose turn it is; it is on its way from now on."""
        delivery = self._promoted.popleft() if self._promoted else self._first_in_a_free_lane()
        if delivery is not None:
            self.on_the_way += 1
            self._out.add(delivery.event_id)
        return delivery

    def returned(self, delivery: Delivery, *, accepted: bool) -> None:
        """It is no longer on its way."""
        self.on_the_way -= 1
        lane = self._lanes.get(delivery.subject) if self.ordered and accepted else None
        if lane is None:
            return
        if lane.waiting:
            following = lane.waiting.pop(0)
            lane.owner = following.event_id
            self._promoted.append(following)
        else:
            del self._lanes[delivery.subject]

    def abandoned(self, delivery: Delivery) -> None:
        """It was cut off on its way. Nothing is recorded: the database will show it again."""
        self.on_the_way -= 1
        self.recorded(delivery)

    def recorded(self, delivery: Delivery) -> None:
        if delivery.event_id in self._known:
            self._out.discard(delivery.event_id)
            self._recorded.add(delivery.event_id)

    def forget_unsent(self) -> None:
        """All that was not handed out: others may have sent it meanwhile. The next poll shows what is still to be sent,
        and what was cut off in its place among it."""
        for lane in self._lanes.values():
            self._drop(lane.waiting)
            lane.waiting.clear()
        for delivery in self._promoted:
            self._lanes.pop(delivery.subject, None)
        for waiting in (self._fresh, self._again, self._promoted):
            self._drop(waiting)
            waiting.clear()

    def _first_in_a_free_lane(self) -> Delivery | None:
        while (delivery := self._pop()) is not None:
            if not self.ordered:
                return delivery
            lane = self._lanes.get(delivery.subject)
            if lane is None:
                self._lanes[delivery.subject] = _Lane(delivery.event_id, [])
                return delivery
            insort(lane.waiting, delivery, key=lambda each: each.event_id)
        return None

    def _pop(self) -> Delivery | None:
        """New ones and old ones by turns, so that neither keeps the other waiting."""
        self._fresh_first = not self._fresh_first
        first, second = (self._fresh, self._again) if self._fresh_first else (self._again, self._fresh)
        return first.popleft() if first else second.popleft() if second else None

    def _without(self, waiting: deque[Delivery], closed: set[str]) -> deque[Delivery]:
        self._drop(each for each in waiting if each.subject in closed)
        return deque(each for each in waiting if each.subject not in closed)

    def _drop(self, unsent: Iterable[Delivery]) -> None:
        """The database shows them again when their turn comes."""
        for delivery in unsent:
            del self._known[delivery.event_id]
