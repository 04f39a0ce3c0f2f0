"""How often something may be tried, without a database."""

from collections.abc import Callable

import pytest

from flagkeeper.features.attempts.model import FREE, Count, Tried, account_of, in_window, network_of, right, wrong
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import RateLimited

MOST = 10
Rule = Callable[[Count | None, clock.Millis], Count]


class Known:
    """What is kept of one who tries."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self.count: Count | None = None

    def attempt(self, now: clock.Millis) -> None:
        self.count = self._rule(self.count, now)


def passwords() -> Known:
    """Of an account of which as many passwords were wrong as cost nothing."""
    known = Known(wrong)
    for _ in range(FREE):
        known.attempt(0)
    return known


def test_so_many_attempts_a_minute() -> None:
    known = Known(lambda count, now: in_window(Tried.LOGIN, MOST, count, now))
    for attempt in range(MOST):
        known.attempt(1000 + attempt)
    with pytest.raises(RateLimited) as caught:
        known.attempt(1000 + 20_500)
    assert caught.value.retry_after == 40
    with pytest.raises(RateLimited):
        known.attempt(1000 + clock.MINUTE - 1)
    known.attempt(1000 + clock.MINUTE)
    assert known.count == Count(1, 1000 + clock.MINUTE)


def test_the_more_wrong_passwords_the_longer_the_delay() -> None:
    known, waits, now = passwords(), [], 0
    for _ in range(12):
        with pytest.raises(RateLimited) as caught:
            known.attempt(now)
        waits.append(caught.value.retry_after)
        with pytest.raises(RateLimited):
            known.attempt(now + waits[-1] * clock.SECOND - 1)
        now += waits[-1] * clock.SECOND
        known.attempt(now)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_a_day_of_guesses_is_few() -> None:
    known, made = Known(wrong), 0
    for second in range(24 * 3600):
        try:
            known.attempt(second * clock.SECOND)
        except RateLimited:
            continue
        made += 1
    assert made <= 120


def test_who_succeeds_gives_nobody_new_guesses() -> None:
    known = passwords()
    known.attempt(1000)
    assert known.count is not None
    known.count = right(known.count)
    with pytest.raises(RateLimited):
        known.attempt(1999)


@pytest.mark.parametrize("later", [24 * clock.HOUR, -clock.HOUR])
def test_wrong_passwords_are_forgotten_after_a_day_and_when_the_clock_was_wrong(later: int) -> None:
    known = passwords()
    known.attempt(later)
    assert known.count == Count(1, later)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("unknown", "unknown"),
        ("x" * 1000, "x" * 100),
    ],
)
def test_what_counts_as_one_place(address: str, network: str) -> None:
    assert network_of(address) == network


def test_however_a_name_is_written_it_is_one_account() -> None:
    assert account_of(" Ada@Example.com ") == account_of("ada@example.com") != account_of("ada")
    assert account_of("\ud800") != account_of("ada")
