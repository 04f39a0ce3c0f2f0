"""An answer about the log is given again for a moment, and never after something happened."""

from collections.abc import Callable, Iterator

import pytest

from flagkeeper.eventlog.read import LogPosition
from flagkeeper.readmodels.event_search.recent import LARGEST, MOST, SECONDS, Answer, Recent


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def fresh() -> Callable[[], Answer]:
    """A new answer each time."""
    numbers: Iterator[int] = iter(range(1_000))
    return lambda: Answer(str(next(numbers)).encode())


def test_the_same_question_gets_the_same_answer_for_a_moment(clock: list[float], fresh: Callable[[], Answer]) -> None:
    kept, head = Recent(), LogPosition("a", 5)
    assert [kept.answer(head, "q", fresh).body for _ in range(3)] == [b"0", b"0", b"0"]
    assert kept.answer(head, "another", fresh).body == b"1"
    clock[0] += SECONDS
    assert kept.answer(head, "q", fresh).body == b"2"
    assert kept.answer(head, "q", fresh).body == b"2"


@pytest.mark.usefixtures("clock")
def test_an_answer_ends_with_the_next_event_and_with_the_log(fresh: Callable[[], Answer]) -> None:
    kept = Recent()
    heads = [LogPosition("a", 5), LogPosition("a", 6), LogPosition("b", 6), LogPosition("a", 5)]
    assert [kept.answer(head, "q", fresh).body for head in heads] == [b"0", b"1", b"2", b"3"]


@pytest.mark.usefixtures("clock")
def test_what_it_keeps_is_bounded(fresh: Callable[[], Answer]) -> None:
    kept, head = Recent(), LogPosition("a", 5)
    large = Answer(b"x" * (LARGEST + 1))
    assert kept.answer(head, "large", lambda: large) is large
    assert kept.answer(head, "large", fresh).body == b"0"
    for number in range(MOST):
        kept.answer(head, number, fresh)
    assert kept.answer(head, MOST - 1, fresh).body == str(MOST).encode()
    assert kept.answer(head, "large", fresh).body == str(MOST + 1).encode(), "the oldest had to go"


@pytest.mark.usefixtures("clock")
def test_a_failure_is_not_kept(fresh: Callable[[], Answer]) -> None:
    kept, head = Recent(), LogPosition("a", 5)

    def fails() -> Answer:
        raise LookupError

    with pytest.raises(LookupError):
        kept.answer(head, "q", fails)
    assert kept.answer(head, "q", fresh).body == b"0"


def test_what_was_made_anew_is_the_newest(clock: list[float], fresh: Callable[[], Answer]) -> None:
    kept, head = Recent(), LogPosition("a", 5)
    for number in range(MOST):
        kept.answer(head, number, fresh)
    clock[0] += SECONDS
    renewed = kept.answer(head, 0, fresh)
    kept.answer(head, "one more", fresh)
    assert kept.answer(head, 0, fresh) is renewed


@pytest.mark.usefixtures("clock")
def test_an_answer_that_took_until_after_the_next_event_is_given_once(fresh: Callable[[], Answer]) -> None:
    kept, old, new = Recent(), LogPosition("a", 5), LogPosition("a", 6)

    def slow() -> Answer:
        kept.answer(new, "q", fresh)
        return Answer(b"old")

    assert kept.answer(old, "q", slow).body == b"old"
    assert kept.answer(new, "q", fresh).body == b"0"
    just = Answer(b"x" * LARGEST)
    assert kept.answer(new, "just", lambda: just) is kept.answer(new, "just", fresh) is just
