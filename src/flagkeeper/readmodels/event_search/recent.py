"""Answers that were given a moment ago: until something happens they are true, and many ask for the same page."""

import threading
import time
from collections.abc import Callable, Hashable

import msgspec

from flagkeeper.eventlog.read import LogPosition

SECONDS = 2.0
"""For so long at most. What changes in the log without an event of its own (an archived segment that is damaged, the
last steps of giving somebody a pseudonym) shows after that."""
MOST, LARGEST = 32, 128 * 1024
"""Answers that are kept, and bytes of one: 4 MB in all."""


class Answer(msgspec.Struct, frozen=True):
    """What is sent: JSON, and the value of the `Link` header, if any."""

    body: bytes
    link: str = ""


class Recent:
    """Some answers, with the end of the log at which they were given. For all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._head = LogPosition("", 0)
        self._kept: dict[Hashable, tuple[float, Answer]] = {}

    def answer(self, head: LogPosition, asked: Hashable, make: Callable[[], Answer]) -> Answer:
        """The answer to what was `asked`, which must say all that it depends on besides the log, whose end is `head`.
        `make` gives it in the transaction that read `head`."""
        now = time.monotonic()
        with self._lock:
            if head != self._head:
                self._head, self._kept = head, {}
            given_at, kept = self._kept.get(asked, (0.0, None))
        if kept is not None and now - given_at < SECONDS:
            return kept
        answer = make()
        with self._lock:
            if head == self._head and len(answer.body) <= LARGEST:
                self._kept.pop(asked, None)
                self._kept[asked] = (now, answer)
                if len(self._kept) > MOST:
                    del self._kept[next(iter(self._kept))]
        return answer
