"""Unknown tokens are counted by address, in bounded memory."""

import pytest

from flagkeeper.edge.strangers import MOST_ADDRESSES, MOST_WRONG, WINDOW, Strangers
from flagkeeper.kernel.errors import RateLimited


def test_too_many_from_one_address() -> None:
    strangers, now = Strangers(), 10 * WINDOW
    for _ in range(MOST_WRONG):
        strangers.demand("10.0.0.1", now)
        strangers.was_wrong("10.0.0.1")
    with pytest.raises(RateLimited) as refused:
        strangers.demand("10.0.0.1", now + WINDOW // 4)
    assert refused.value.retry_after == 45
    strangers.demand("10.0.0.2", now)
    strangers.demand("10.0.0.1", now + WINDOW)


def test_memory_is_bounded() -> None:
    strangers = Strangers()
    strangers.demand("first", 0)
    for number in range(MOST_ADDRESSES + 50):
        strangers.was_wrong(str(number))
    assert len(strangers._wrong) == MOST_ADDRESSES
