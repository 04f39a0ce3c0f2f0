"""The circuit breaker."""

from flagkeeper.integrations.sender.breaker import FIRST_PAUSE, LONGEST_PAUSE, THRESHOLD, Breaker


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(THRESHOLD - 1):
        assert not breaker.failed(at, 0.5)
    assert breaker.allows(at, 15), "some failures do not open it"
    assert breaker.failed(at, 0.5)
    return breaker


def test_failures_in_a_row_open_it() -> None:
    breaker = opened()
    assert breaker.is_open
    assert not breaker.allows(0.1, 0)
    assert breaker.rest(1.0) == FIRST_PAUSE - 1.0


def test_an_answer_between_failures_counts_them_anew() -> None:
    breaker = Breaker()
    for _ in range(5 * THRESHOLD):
        breaker.failed(0.0, 0.5)
        assert not breaker.answered()
    assert not breaker.is_open


def test_after_the_pause_one_at_a_time_is_tried() -> None:
    breaker = opened()
    assert breaker.allows(FIRST_PAUSE, 0)
    assert not breaker.allows(FIRST_PAUSE, 1)
    assert breaker.rest(FIRST_PAUSE) is None


def test_pauses_grow_up_to_a_limit() -> None:
    breaker, now, pauses = opened(), 0.0, []
    for _ in range(10):
        pause = breaker.rest(now)
        assert pause is not None
        pauses.append(pause)
        now += pause
        assert not breaker.failed(now, 0.5), "it is open already"
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert abs(pauses[-1] - LONGEST_PAUSE) < 1e-6


def test_failures_of_what_was_on_its_way_do_not_lengthen_the_pause() -> None:
    breaker = opened()
    for _ in range(15):
        breaker.failed(0.5, 0.5)
    assert breaker.rest(0.5) == FIRST_PAUSE - 0.5


def test_one_answer_closes_it() -> None:
    breaker = opened()
    assert breaker.answered(), "it says that the receiver is back"
    assert breaker.allows(0.1, 15)
    assert not breaker.answered()


def test_the_scale_shortens_pauses() -> None:
    breaker = Breaker(0.001)
    for _ in range(THRESHOLD):
        breaker.failed(0.0, 0.5)
    assert breaker.rest(0.0) == FIRST_PAUSE * 0.001
