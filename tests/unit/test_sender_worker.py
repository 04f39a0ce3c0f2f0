"""A worker forgets no delivery that it had begun to send, and keeps no place for one that ended."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest
from msgspec.structs import replace

from flagkeeper.integrations.delivery.model import Delivery, DeliveryState
from flagkeeper.integrations.delivery.queries import Backlog
from flagkeeper.integrations.registry import PROVIDERS
from flagkeeper.integrations.sender.breaker import THRESHOLD
from flagkeeper.integrations.sender.due import Found
from flagkeeper.integrations.sender.metrics import DeliveryMetrics
from flagkeeper.integrations.sender.receiver import Receiver
from flagkeeper.integrations.sender.worker import IN_FLIGHT, LOW, MARGIN, DeliveryWorker
from flagkeeper.kernel import clock


def delivery(event_id: int) -> Delivery:
    return Delivery(
        integration_id=1,
        event_id=event_id,
        subject="flag/a",
        attempt=0,
        message_id=f"msg_{event_id}",
        parts_done=(),
        since=0,
        event=None,
    )


async def test_a_lease_is_over_by_the_clock_even_while_the_loop_has_not_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process stood still in the middle of a step."""
    receiver = Receiver(integration_id=1, provider=PROVIDERS["webhook"], parameters={}, ordered=False)
    worker = DeliveryWorker(receiver, asyncio.get_running_loop(), 1.0)
    worker.renewed(time.monotonic() + 8)
    assert worker.may_start()
    clock = time.monotonic
    with monkeypatch.context() as later:
        later.setattr(time, "monotonic", lambda: clock() + 30)
        assert not worker.may_start()
        assert worker.left < 0
    worker.dismiss()


async def test_a_lease_that_is_renewed_ends_once_and_later() -> None:
    receiver = Receiver(integration_id=1, provider=PROVIDERS["webhook"], parameters={}, ordered=False)
    worker = DeliveryWorker(receiver, asyncio.get_running_loop(), 1.0)
    worker.renewed(time.monotonic())
    worker.renewed(time.monotonic() + 60)
    worker.more = False
    await asyncio.sleep(0.01)
    assert not worker.more, "the end of before has not come"
    worker.dismiss()


async def forever() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("begun", [False, True])
def test_what_is_cut_off_is_no_longer_on_its_way(begun: bool) -> None:
    """Also what was cut off before its first step: then no code of its own ever runs."""
    worker, ended = asyncio.run(sent(forever(), begun=begun, cut_off=True))
    assert (ended, worker.queue.on_the_way, worker.quiet, worker.more) == (1, 0, True, True)


def test_a_defect_is_logged_and_its_place_is_free(capsys: pytest.CaptureFixture[str]) -> None:
    _, ended = asyncio.run(sent(broken(), begun=True, cut_off=False))
    assert ended == 1
    assert "ZeroDivisionError" in capsys.readouterr().out


async def sent(work: Coroutine[Any, Any, None], *, begun: bool, cut_off: bool) -> tuple[DeliveryWorker, int]:
    """A worker after one delivery, and how many times it was told that it ended."""
    receiver = Receiver(integration_id=1, provider=PROVIDERS["webhook"], parameters={}, ordered=False)
    worker, ended = DeliveryWorker(receiver, asyncio.get_running_loop(), 1.0), 0

    def count() -> None:
        nonlocal ended
        ended += 1

    worker.queue.add([delivery(1)], [])
    handed_out = worker.queue.next()
    assert handed_out is not None
    worker.more = False
    worker.start(handed_out, work, count)
    if begun:
        await asyncio.sleep(0.01)
    if cut_off:
        worker.cut_off()
    await asyncio.sleep(0.01)
    return worker, ended


RECEIVER = Receiver(integration_id=1, provider=PROVIDERS["webhook"], parameters={}, ordered=False)
NOW = 1_790_000_000_000


def found(*fresh: int, is_full: bool = False, next_due: int | None = None) -> Found:
    return Found(fresh=[delivery(each) for each in fresh], again=[], is_full=is_full, next_due=next_due)


def polled(worker: DeliveryWorker, what: Found) -> None:
    worker.poll_ends(worker.poll_begins(), what)


async def held(receiver: Receiver = RECEIVER) -> DeliveryWorker:
    """A worker whose lease holds for long, and that has looked: nothing is due."""
    worker = DeliveryWorker(receiver, asyncio.get_running_loop(), 1.0)
    worker.renewed(time.monotonic() + 60)
    assert worker.wants_more(NOW)
    polled(worker, found())
    assert not worker.wants_more(NOW)
    return worker


async def test_it_looks_again_when_something_is_due() -> None:
    worker = await held()
    assert worker.rest(NOW) is None
    polled(worker, found(next_due=NOW + 1_500))
    assert (worker.wants_more(NOW), worker.rest(NOW)) == (False, 1.5)
    worker.due(NOW + 2_000)
    assert worker.next_due == NOW + 1_500
    worker.due(NOW + 1_000)
    assert (worker.wants_more(NOW + 999), worker.wants_more(NOW + 1_000)) == (False, True)
    assert worker.rest(NOW + 1_000) is None, "nothing is to be waited for"
    worker.poll_begins()
    assert worker.ask().known == []
    assert not worker.wants_more(NOW + 1_000), "what was due is forgotten"
    polled(worker, found(is_full=True))
    assert worker.wants_more(NOW)
    worker.retired = True
    assert not worker.wants_more(NOW)
    worker.dismiss()


async def test_it_looks_for_more_only_if_it_is_short_of_them() -> None:
    worker = await held()
    polled(worker, found(*range(1, LOW), is_full=True))
    assert worker.wants_more(NOW)
    polled(worker, found(LOW, is_full=True))
    assert (worker.queue.ready, worker.wants_more(NOW)) == (LOW, False)
    worker.dismiss()


async def test_what_a_look_found_before_it_started_over_is_not_believed() -> None:
    worker = await held()
    number = worker.poll_begins()
    worker.start_over()
    worker.poll_ends(number, found(1, next_due=NOW))
    assert (worker.queue.ready, worker.more, worker.next_due) == (0, True, None)
    polled(worker, found(1))
    assert worker.ask().known == [1]
    worker.lapse()
    assert (worker.ask().known, worker.more) == ([], True)
    worker.dismiss()


async def test_so_many_are_on_their_way_at_once_and_none_when_the_lease_is_nearly_over() -> None:
    worker = await held()
    polled(worker, found(*range(1, IN_FLIGHT + 2)))
    for _ in range(IN_FLIGHT):
        assert worker.may_start()
        assert worker.queue.next() is not None
    assert not worker.may_start()
    worker.queue.returned(delivery(1), accepted=True)
    assert worker.may_start()
    worker.retired = True
    assert not worker.may_start()
    worker.meet(RECEIVER)
    assert worker.may_start()
    worker.renewed(time.monotonic() + MARGIN - 0.5)
    assert not worker.may_start()
    worker.dismiss()


async def test_a_receiver_that_is_down_rests_and_one_that_was_changed_gets_another_chance() -> None:
    worker = await held()
    polled(worker, found(1, next_due=NOW + 500_000))
    for _ in range(THRESHOLD):
        worker.breaker.failed(asyncio.get_running_loop().time(), 0.5)
    worker.more = True
    assert not worker.may_start()
    assert not worker.wants_more(NOW)
    rest = worker.rest(NOW)
    assert rest is not None
    assert 0 < rest <= 5
    worker.meet(RECEIVER)
    assert not worker.may_start(), "nothing was changed"
    worker.more = False
    worker.meet(replace(RECEIVER, problem="changed"))
    assert (worker.may_start(), worker.more, worker.rest(NOW)) == (True, True, 500.0)
    worker.dismiss()


async def test_a_change_of_order_waits_until_nothing_is_on_its_way() -> None:
    worker = await held()
    polled(worker, found(1, 2))
    handed_out = worker.queue.next()
    assert handed_out is not None
    worker.meet(replace(RECEIVER, ordered=True))
    worker.change_order()
    assert (worker.queue.ordered, worker.may_start(), worker.ask().ordered) == (False, False, False)
    worker.queue.returned(handed_out, accepted=True)
    worker.queue.recorded(handed_out)
    worker.change_order()
    assert (worker.queue.ordered, worker.may_start(), worker.queue.ready, worker.more) == (True, True, 0, True)
    queue = worker.queue
    worker.change_order()
    assert worker.queue is queue
    worker.dismiss()


def test_deliveries_are_measured() -> None:
    metrics = DeliveryMetrics()

    def told(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"flagkeeper_{name}", labels)

    metrics.started(1_500)
    metrics.started(-5)
    assert (told("delivery_lag_seconds_sum"), told("delivery_lag_seconds_count")) == (1.5, 2)
    metrics.finished("webhook", DeliveryState.DEAD)
    assert told("deliveries_total", provider="webhook", outcome="dead") == 1
    for oldest, age in ((NOW - 2 * clock.SECOND, 2), (NOW + 5, 0), (None, 0)):
        metrics.measured(Backlog(3, oldest, 7), NOW)
        assert told("deliveries_oldest_waiting_seconds") == age
    assert (told("deliveries_waiting"), told("deliveries_dead")) == (3, 7)
