"""A courier forgets no delivery that it had begun to send, and keeps no place for one that ended."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from flagkeeper.integrations.delivery_model import Delivery
from flagkeeper.integrations.registry import PROVIDERS
from flagkeeper.integrations.sender.courier import Courier
from flagkeeper.integrations.sender.receiver import Receiver


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


async def forever() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("begun", [False, True])
def test_what_is_cut_off_is_no_longer_on_its_way(begun: bool) -> None:
    """Also what was cut off before its first step: then no code of its own ever runs."""
    courier, ended = asyncio.run(sent(forever(), begun=begun, cut_off=True))
    assert (ended, courier.queue.on_the_way, courier.quiet, courier.more) == (1, 0, True, True)


def test_a_defect_is_logged_and_its_place_is_free(capsys: pytest.CaptureFixture[str]) -> None:
    _, ended = asyncio.run(sent(broken(), begun=True, cut_off=False))
    assert ended == 1
    assert "ZeroDivisionError" in capsys.readouterr().out


async def sent(work: Coroutine[Any, Any, None], *, begun: bool, cut_off: bool) -> tuple[Courier, int]:
    """A courier after one delivery, and how many times it was told that it ended."""
    receiver = Receiver(integration_id=1, provider=PROVIDERS["webhook"], parameters={}, ordered=False)
    courier, ended = Courier(receiver, asyncio.get_running_loop(), 1.0), 0

    def count() -> None:
        nonlocal ended
        ended += 1

    courier.queue.add([delivery(1)], [])
    handed_out = courier.queue.next()
    assert handed_out is not None
    courier.more = False
    courier.start(handed_out, work, count)
    if begun:
        await asyncio.sleep(0.01)
    if cut_off:
        courier.cut_off()
    await asyncio.sleep(0.01)
    return courier, ended
