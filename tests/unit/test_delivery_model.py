"""When deliveries are tried again, and what attempts come to."""

import re
from typing import Any

import msgspec
import pytest

from flagkeeper.eventlog.read import LogEvent
from flagkeeper.integrations.delivery.model import (
    AT_ONCE,
    LARGEST_DETAILS,
    LONGEST_ASKED,
    MOST_ATTEMPTS,
    WAITS,
    Attempt,
    Delivery,
    DeliveryState,
    Schedule,
    expired,
    judged,
    kept,
    spoken,
    subject_of,
)
from flagkeeper.integrations.protocol.verdict import Outcome, State, Verdict
from flagkeeper.kernel import clock

NOW = 1_800_000_000_000


def delivery(attempt: int = 0, parts_done: tuple[str, ...] = ()) -> Delivery:
    return Delivery(
        integration_id=1,
        event_id=7,
        subject="flag/checkout",
        attempt=attempt,
        message_id="msg_x",
        parts_done=parts_done,
        since=NOW - clock.MINUTE,
        event=None,
    )


def attempted(outcome: Outcome, attempt: int = 0, chance: float = 0.5, **more: Any) -> Attempt:
    given = {"state": State.FAILED, "reason": "Status code: 503 - Service Unavailable", **more}
    verdict = Verdict(outcome=outcome, **given)
    return judged(delivery(attempt), verdict, {"url": "x"}, Schedule(), NOW, chance)


def test_ten_attempts_take_about_75_hours() -> None:
    assert MOST_ATTEMPTS == 10
    assert 72 * clock.HOUR < sum(WAITS) < 78 * clock.HOUR
    assert sorted(WAITS) == list(WAITS)


def test_waits_vary_by_a_fifth() -> None:
    schedule = Schedule()
    assert schedule.wait(1, None, 0.0) == 4 * clock.SECOND
    assert schedule.wait(1, None, 0.5) == 5 * clock.SECOND
    assert 5.99 * clock.SECOND < schedule.wait(1, None, 0.9999) <= 6 * clock.SECOND


def test_a_receiver_may_ask_for_more_time_but_not_for_all_of_it() -> None:
    schedule = Schedule()
    assert schedule.wait(1, 90.0, 0.5) == 90 * clock.SECOND
    assert schedule.wait(1, 0.0, 0.5) == 5 * clock.SECOND, "less than our own wait is never asked for"
    assert schedule.wait(1, 1e9, 0.5) == LONGEST_ASKED


def test_the_scale_shortens_everything_but_nothing_to_nothing() -> None:
    schedule = Schedule(0.000_01)
    assert schedule.wait(1, None, 0.5) == 1
    assert schedule.wait(9, None, 0.5) == pytest.approx(1512, abs=2)
    assert schedule.wait(1, 1e9, 0.5) == pytest.approx(LONGEST_ASKED * 0.000_01, abs=1)


def test_what_failed_is_tried_again() -> None:
    found = attempted(Outcome.RETRY, attempt=2)
    assert (found.state, found.number, found.due_at) == (DeliveryState.WAITING, 3, NOW + 2 * clock.MINUTE)
    assert found.reason == "Attempt 3 of 10: Status code: 503 - Service Unavailable. Next try in 2 minutes."


def test_the_last_attempt_is_the_last() -> None:
    found = attempted(Outcome.RETRY, attempt=9)
    assert (found.state, found.number, found.due_at) == (DeliveryState.DEAD, 10, AT_ONCE)
    assert found.reason.endswith("That was the last one.")


def test_what_was_accepted_is_done() -> None:
    found = attempted(Outcome.OK, state=State.SUCCESS, reason="Status code: 200 - OK", done=("message",))
    assert (found.state, found.shown, found.parts_done) == (DeliveryState.DONE, State.SUCCESS, ("message",))
    assert found.reason == "Attempt 1 of 10: Status code: 200 - OK."


def test_a_refusal_for_good_is_not_tried_again_and_leaves_all_parts_to_a_replay() -> None:
    found = attempted(Outcome.PERMANENT, reason="Status code: 404 - Not Found", done=("message",))
    assert (found.state, found.parts_done, found.disable) == (DeliveryState.DEAD, (), False)
    assert found.reason == "Attempt 1 of 10: Status code: 404 - Not Found. Not tried again."


def test_a_receiver_that_is_gone_switches_the_integration_off() -> None:
    found = attempted(Outcome.DISABLE, reason="Status code: 410 - Gone")
    assert (found.state, found.disable) == (DeliveryState.DEAD, True)


def test_parts_that_arrived_are_not_sent_again() -> None:
    verdict = Verdict(outcome=Outcome.RETRY, state=State.SUCCESS_WITH_ERRORS, reason="a\nb", done=("#two",))
    found = judged(delivery(1, ("#one",)), verdict, {}, Schedule(), NOW, 0.5)
    assert found.parts_done == ("#one", "#two")
    assert found.reason == "Attempt 2 of 10: a\nb.\nNext try in 30 seconds."


def test_what_waited_too_long_is_given_up() -> None:
    found = expired(delivery(4), NOW)
    assert (found.state, found.number) == (DeliveryState.DEAD, 4)
    assert found.reason == "Given up after 1 minute and 4 attempts."


def test_what_others_say_is_kept_as_far_as_it_can_be() -> None:
    found = attempted(Outcome.RETRY, reason="odd \0 \ud800 text " + "x" * 10_000)
    assert found.reason.startswith("Attempt 1 of 10: odd  ? text xxx")
    assert len(found.reason) < 2_200


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (1, "less than a second"),
        (1_000, "1 second"),
        (4_700, "5 seconds"),
        (59_600, "1 minute"),
        (90_000, "2 minutes"),
        (3 * clock.HOUR, "3 hours"),
        (42 * clock.HOUR, "42 hours"),
    ],
)
def test_waits_are_spoken(wait: int, words: str) -> None:
    assert spoken(wait) == words


def test_details_stay_small() -> None:
    short = {"url": "https://example.com/*****", "body": {"id": 1}}
    assert msgspec.json.decode(kept(short)) == short
    long = kept({"url": "u", "body": "x" * 1_000_000, "event": {"list": ["y" * 1000] * 100}})
    assert len(long) <= LARGEST_DETAILS
    assert msgspec.json.decode(long)["url"] == "u"
    assert re.search(r"\(cut\)", long)


@pytest.mark.parametrize(
    ("flag", "subject", "expected"),
    [
        ("checkout", "flag/checkout/production", "flag/checkout"),
        ("checkout", "change-request/7", "flag/checkout"),
        (None, "segment/3", "segment/3"),
        (None, "project/default/environment/production", "project/default"),
        (None, "event-log", "event-log"),
    ],
)
def test_order_is_kept_for_each_thing_that_receivers_know(flag: str | None, subject: str, expected: str) -> None:
    event = LogEvent(
        id=1, type="x", created_at=NOW, created_by="alice", created_by_user_id=None, project=None, environment=None,
        feature_name=flag, data=None, pre_data=None, tags="[]", label="", summary="", ip="", group_type=None,
        group_id=None, more=None, subject=subject, reach=0,
    )  # fmt: skip
    assert subject_of(event) == expected
