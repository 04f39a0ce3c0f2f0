"""The log signal: wakes whoever waits for the log to grow, from any thread, and knows how far it had grown."""

import asyncio
import threading

from flagkeeper.eventlog.log_signal import LogSignal

LONG = 30.0
"""Seconds after which a test has failed."""


async def test_nobody_is_told_of_what_has_not_happened() -> None:
    log_signal = LogSignal()
    assert log_signal.last_id == 0
    assert not await log_signal.wait(0, 0.0)


async def test_what_is_known_is_told_at_once_and_what_comes_when_it_comes() -> None:
    log_signal = LogSignal()
    log_signal.attach(asyncio.get_running_loop())
    log_signal.notify(3)
    assert [await log_signal.wait(position, 0.0) for position in (2, 3, 4)] == [True, False, False]
    waiting = [asyncio.create_task(log_signal.wait(position, LONG)) for position in (3, 4)]
    await asyncio.sleep(0)
    thread = threading.Thread(target=log_signal.notify, args=(4,))
    thread.start()
    assert await asyncio.gather(*waiting) == [True, False], "whoever waits is woken, also by what is not news"
    thread.join()
    assert log_signal._waiters == set()


async def test_an_older_id_wakes_too_and_is_not_believed() -> None:
    log_signal = LogSignal()
    log_signal.attach(asyncio.get_running_loop())
    log_signal.notify(5)
    waiting = asyncio.create_task(log_signal.wait(5, LONG))
    await asyncio.sleep(0)
    log_signal.notify(2)
    assert not await waiting
    assert log_signal.last_id == 5


async def test_it_learns_that_the_log_is_shorter_unless_it_heard_of_more_meanwhile() -> None:
    log_signal = LogSignal()
    log_signal.notify(5)
    log_signal.correct(5, 5)
    log_signal.correct(4, 2)
    assert log_signal.last_id == 5
    log_signal.correct(5, 3)
    assert log_signal.last_id == 3
    log_signal.notify(9)
    log_signal.correct(3, 3)
    assert log_signal.last_id == 9


def test_a_server_that_has_ended_is_not_woken() -> None:
    log_signal, loop = LogSignal(), asyncio.new_event_loop()
    log_signal.notify(1)
    log_signal.attach(loop)
    loop.close()
    log_signal.notify(2)
    assert log_signal.last_id == 2
