"""A worker forgets no delivery that it had begun to send, and keeps no place for one that ended."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from flagkeeper.integrations.delivery.model import Delivery
from flagkeeper.integrations.registry import PROVIDERS
from flagkeeper.integrations.sender.receiver import Receiver
from flagkeeper.integrations.sender.worker import DeliveryWorker


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
