"""Threads for work that may never end, such as a call into a file system that is gone. Nobody has to wait for them."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

R = TypeVar("R")

_left: set[threading.Thread] = set()


def start(work: Callable[[], R], name: str) -> Future[R]:
    """Runs `work` on a thread of its own, and returns at once. The end of the process does not wait for it."""
    future: Future[R] = Future()

    def run() -> None:
        try:
            if future.set_running_or_notify_cancel():
                try:
                    result = work()
                except BaseException as error:
                    future.set_exception(error)
                else:
                    future.set_result(result)
        finally:
            _left.discard(thread)

    thread = threading.Thread(target=run, name=name, daemon=True)
    _left.add(thread)
    thread.start()
    return future


def left() -> int:
    """How many are still at work. A process that ends then must do so without the libraries that they are in."""
    return len(_left)
