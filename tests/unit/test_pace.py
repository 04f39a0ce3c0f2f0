"""How often each token may ask."""

import pytest

from flagkeeper.http.caller import Credential, Kind
from flagkeeper.http.pace import WINDOW, Pace
from flagkeeper.kernel.errors import RateLimited


def token(name: str) -> Credential:
    return Credential(kind=Kind.FRONTEND, id=name, name=name, user_id=-42)


def test_each_token_may_ask_so_often_in_a_minute() -> None:
    pace, start = Pace(2), 100 * WINDOW
    for _ in range(2):
        pace.demand(token("a"), start)
    with pytest.raises(RateLimited) as refused:
        pace.demand(token("a"), start + 500)
    assert refused.value.retry_after == 60
    pace.demand(token("b"), start + 500)
    with pytest.raises(RateLimited) as refused:
        pace.demand(token("a"), start + WINDOW - 1)
    assert refused.value.retry_after == 1
    pace.demand(token("a"), start + WINDOW)


def test_without_a_limit_everybody_may() -> None:
    pace = Pace(None)
    for i in range(1000):
        pace.demand(token("a"), i)
