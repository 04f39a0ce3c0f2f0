"""Counting requests, and what is made of the counts."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagkeeper.features.traffic.model import (
    MOST_APPLICATIONS,
    STEP,
    Collected,
    Counted,
    DayCount,
    Grouping,
    Period,
    Rate,
    area_of,
    by_day,
    by_step,
    connections,
    period_of,
    rates,
)
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData

NOON = clock.from_iso("2026-11-22T12:01:00.000Z")
FEATURES, METRICS = "/api/client/features", "/api/client/metrics"
DAY = NOON // clock.DAY

requests = st.lists(
    st.tuples(
        st.sampled_from([FEATURES, METRICS, "/api/admin/projects", "/api/frontend", "/health"]),
        st.sampled_from([200, 202, 304, 403, 503]),
        st.sampled_from(["", "shop", "cart"]),
        st.integers(0, 3 * STEP),
    )
)


@pytest.mark.parametrize(
    ("route", "area"),
    [
        (FEATURES, "/api/client"),
        ("/api/frontend", "/api/frontend"),
        ("/api/admin/projects/{project}", "/api/admin"),
        ("/api/clients", None),
        ("/health", None),
        ("none", None),
    ],
)
def test_areas(route: str, area: str | None) -> None:
    assert area_of(route) == area


@given(asked=requests)
def test_every_request_of_an_area_is_counted_once_each_way(asked: list[tuple[str, int, str, int]]) -> None:
    collected = Collected()
    for route, status, application, later in asked:
        collected.count(route, status, application, NOON + later)
    wanted = [each for each in asked if each[0] != "/health"]
    days, steps = by_day(collected.counts), by_step(collected.counts)
    assert sum(each.requests for each in days.values()) == sum(steps.values()) == len(wanted)
    polls = [each for each in wanted if each[0] in (FEATURES, "/api/frontend") and each[1] < 400]
    assert sum(each.polls for each in days.values()) == len(polls)
    named = sum(number for rate, number in steps.items() if rate.application == "shop")
    assert named == sum(1 for each in wanted if each[2] == "shop" and each[1] < 400)


@given(first=requests, second=requests)
def test_what_could_not_be_written_is_added_again(
    first: list[tuple[str, int, str, int]], second: list[tuple[str, int, str, int]]
) -> None:
    together, earlier, later = Collected(), Collected(), Collected()
    for some, collected in ((first, earlier), (second, later)):
        for route, status, application, after in some:
            collected.count(route, status, application, NOON + after)
            together.count(route, status, application, NOON + after)
    later.absorb(earlier)
    assert later.counts == together.counts


def test_memory_is_bounded() -> None:
    collected = Collected(most=3)
    for route in ("a", "b", "c", "d", "d", "a"):
        collected.count(f"/api/admin/{route}", 200, "", NOON)
    assert (len(collected.counts), collected.dropped) == (3, 2)
    many = Collected()
    for number in range(2 * MOST_APPLICATIONS):
        many.count(FEATURES, 200, f"app-{number}", NOON)
    assert len(by_step(many.counts)) == MOST_APPLICATIONS + 1
    assert sum(by_step(many.counts).values()) == 2 * MOST_APPLICATIONS
    many.count(FEATURES, 200, "new", NOON + STEP)
    assert by_step(many.counts)[Rate(NOON + STEP - (NOON + STEP) % STEP, FEATURES, "new")] == 1


def test_strangers_name_no_application() -> None:
    collected = Collected()
    collected.count(FEATURES, 401, "made-up", NOON)
    (counted,) = collected.counts
    assert (counted.application, counted.series) == ("", 4)


def test_one_sdk_that_polls_all_the_time_is_one_connection() -> None:
    a_day = clock.DAY // clock.SECOND // 15
    over = NOON + 60 * clock.DAY
    assert connections({DAY: a_day, DAY + 1: 3 * a_day}, Grouping.DAILY, over) == {"2026-11-22": 1.0, "2026-11-23": 3.0}
    month = {DAY + each: a_day for each in range(-21, 9)}
    assert connections(month, Grouping.MONTHLY, over) == {"2026-11": 1.0}
    begun = DAY * clock.DAY + clock.HOUR
    assert connections({DAY: 2 * a_day // 24}, Grouping.DAILY, begun) == {"2026-11-22": 2.0}


def test_rates_are_averages_of_steps_and_0_in_between() -> None:
    first = NOON - NOON % STEP
    counts = [(Rate(first, FEATURES, "shop"), 600), (Rate(first + 2 * STEP, FEATURES, "shop"), 60)]
    found = rates(counts, first + 2 * STEP + clock.MINUTE)
    moments = [(first + number * STEP) // 1000 for number in range(3)]
    assert found == {(FEATURES, "shop"): list(zip(moments, [2.0, 0.0, 1.0], strict=True))}
    assert rates([], NOON) == {}


def test_periods() -> None:
    assert period_of(DAY, Grouping.DAILY) == "2026-11-22"
    assert period_of(DAY, Grouping.MONTHLY) == "2026-11"
    period = Period(date(2026, 11, 22), date(2026, 11, 23))
    period.check()
    assert period.days == (DAY, DAY + 1)
    for wrong in (Period(date(2026, 11, 2), date(2026, 11, 1)), Period(date(2020, 1, 1), date(2026, 1, 1))):
        with pytest.raises(BadData):
            wrong.check()


def test_only_polls_that_were_answered_are_polls() -> None:
    counts = {Counted(NOON, "/api/client", FEATURES, "", series): 1 for series in (2, 3, 4, 5)}
    assert sum(each.polls for each in by_day(counts).values()) == 2
    assert by_day({Counted(NOON, "/api/client", METRICS, "", 2): 5}).popitem()[1] == DayCount(5, 0)
