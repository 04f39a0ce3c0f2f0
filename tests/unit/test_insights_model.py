"""Weeks, phases of flags, and how events are added up."""

import random
from collections import Counter
from datetime import date

import msgspec
import pytest

from flagkeeper.eventlog.read import EventRow
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData
from flagkeeper.readmodels.insights.model import (
    Category,
    Counted,
    Key,
    Life,
    Period,
    Phase,
    ProjectUsage,
    ProjectWeek,
    Users,
    WeekCount,
    added,
    name_of,
    period,
    start_of,
    trends,
    week_of,
)
from flagkeeper.readmodels.insights.queries import Insights
from flagkeeper.readmodels.insights.schemas import shown, shown_licensed, shown_trends
from tests.events import row

NOW = 1_790_000_000_000
DAYS = clock.DAY


@pytest.mark.parametrize("day", ["1970-01-01", "2020-12-31", "2021-01-03", "2021-01-04", "2026-11-30", "2027-01-01"])
def test_a_week_has_the_name_that_calendars_give_it(day: str) -> None:
    wanted = date.fromisoformat(day)
    at = (wanted - date(1970, 1, 1)).days * clock.DAY
    year, number, weekday = wanted.isocalendar()
    for moment in (at, at + clock.DAY - 1):
        assert name_of(week_of(moment)) == f"{year}-{number:02}"
    assert start_of(week_of(at)) == at - (weekday - 1) * clock.DAY


def test_a_period_ends_after_it_begins() -> None:
    today = date(2026, 11, 30)
    assert period(None, None, today) == (date(2026, 6, 1), today)
    assert period(None, date(2026, 3, 1), today).first == date(2025, 8, 31)
    assert period(today, today, today).days == (20787, 20787)
    with pytest.raises(BadData):
        period(today, date(2026, 11, 29), today)


def random_events(rng: random.Random) -> list[EventRow]:
    return [random_event(rng, number) for number in range(1, 400)]


def random_event(rng: random.Random, number: int) -> EventRow:
    kinds = ("feature-created", "feature-archived", "feature-environment-enabled", "feature-strategy-add")
    kind = rng.choices((*kinds, "project-updated", "project-deleted"), (5, 3, 8, 8, 3, 0.3))[0]
    return row(
        number,
        type=kind,
        created_at=number * 5 * clock.HOUR,
        project=rng.choice(("web", "shop", None)),
        feature_name=rng.choice("abc") if kind in kinds else None,
        environment=rng.choice(("development", "production")) if kind in kinds[2:] else None,
        data='{"type":"release","name":"a"}' if kind == "feature-created" else None,
    )


def expected(events: list[EventRow]) -> Counter[Key]:
    """Counted anew, by what follows the last deletion."""
    found: Counter[Key] = Counter()
    for project in ("web", "shop"):
        own = [each for each in events if each.project == project]
        gone = max((each.id for each in own if each.type == "project-deleted"), default=0)
        for each in own:
            week = week_of(each.created_at)
            if each.id <= gone:
                continue
            if each.type == "feature-created":
                found[Key(project, week, Counted.CREATED, "release")] += 1
            elif each.type == "feature-archived":
                found[Key(project, week, Counted.ARCHIVED, "")] += 1
            elif each.environment is not None:
                found[Key(project, week, Counted.CHANGED, each.environment)] += 1
    return found


@pytest.mark.parametrize("batch", [1, 37, 400])
def test_what_is_counted_ends_with_the_project(batch: int) -> None:
    """However the events come in batches."""
    events = random_events(random.Random(5))
    assert sum(each.type == "project-deleted" for each in events) >= 2
    found: Counter[Key] = Counter()
    for first in range(0, len(events), batch):
        more = added(events[first : first + batch])
        found = Counter({key: number for key, number in found.items() if key.project not in more.gone})
        found.update(more.numbers)
    assert found == expected(events)


def life(
    type_: str = "release", began: int = 0, live: int | None = None, done: int | None = None, gone: int | None = None
) -> Life:
    """With moments as days before now."""
    moments = (None if each is None else NOW - each * DAYS for each in (live, done, gone))
    return Life(type_, NOW - began * DAYS, *moments)


def test_how_long_flags_are_in_each_phase() -> None:
    found = trends(
        [
            life(began=3),
            life("experiment", began=30),
            life("kill-switch", began=10),
            life(began=40, live=10),
            life("operational", began=24, live=2),
            life(began=50, live=40, done=20),
            life(began=90, live=80, done=70, gone=10),
            life(began=12, gone=4),
        ],
        NOW,
    )
    develop, production, cleanup = (found[phase] for phase in Phase)
    assert (develop.flags, develop.days_now, develop.days_before) == (3, 10.0, 10.0)
    assert (develop.new, develop.older) == ({Category.RELEASE: 1}, {Category.EXPERIMENTAL: 1, Category.PERMANENT: 1})
    assert (production.flags, production.days_now, production.days_before) == (2, 6.0, 15.0)
    assert (production.new, production.older) == ({Category.PERMANENT: 1}, {Category.RELEASE: 1})
    assert (cleanup.flags, cleanup.days_now, cleanup.days_before) == (1, 20.0, 60.0)


def test_after_a_week_a_flag_is_no_longer_new() -> None:
    now, young, old = NOW, NOW - 7 * DAYS + 1, NOW - 7 * DAYS
    found = trends([Life("release", at, None, None, None) for at in (young, old)], now)[Phase.DEVELOP]
    assert (found.new, found.older) == ({Category.RELEASE: 1}, {Category.RELEASE: 1})
    ahead = trends([Life("release", now + DAYS, None, None, None)], now)[Phase.DEVELOP]
    assert ahead.days_now == 0, "clocks differ"


WEEK = week_of(NOW)


def test_weeks_of_several_projects() -> None:
    found = shown(
        Insights(
            users=[Users(1, NOW, 9, 4)],
            weeks=[
                ProjectWeek("shop", WEEK, NOW, 10, 2, 1, 5, 1.5),
                ProjectWeek("web", WEEK, NOW + 5, 4, 0, 0, 1, 0.0),
                ProjectWeek("web", WEEK + 1, NOW + 9, 1, 1, 0, 1, 0.0),
            ],
            usage=[ProjectUsage("web", WEEK, NOW, 7, 5, 3, 2, 1)],
            counts=[
                WeekCount("shop", WEEK, Counted.ARCHIVED, "", 2),
                WeekCount("shop", WEEK, Counted.CHANGED, "dev", 3),
                WeekCount("shop", WEEK, Counted.CHANGED, "gone", 50),
                WeekCount("shop", WEEK, Counted.CREATED, "release", 4),
                WeekCount("web", WEEK, Counted.CHANGED, "test", 8),
                WeekCount("web", WEEK + 1, Counted.CREATED, "experiment", 1),
            ],
            types={"dev": "development", "test": "development"},
            live={(WEEK + 1, "web"): 2, (WEEK, "web"): 1},
        )
    )
    assert [(each.total, each.active, each.inactive) for each in found.user_trends] == [(9, 4, 5)]
    assert [msgspec.to_builtins(each) for each in found.flag_trends] == [
        {"date": clock.to_iso(NOW + 5), "total": 14, "active": 11, "stale": 2, "potentiallyStale": 1},
        {"date": clock.to_iso(NOW + 9), "total": 1, "active": 0, "stale": 1, "potentiallyStale": 0},
    ]
    assert [(each.active, each.health + each.technical_debt, each.users) for each in found.project_flag_trends] == [
        (7, 100, 5),
        (4, 100, 1),
        (0, 100, 1),
    ]
    (usage,) = found.metrics_summary_trends
    assert (usage.total_requests, usage.total_yes, usage.total_no) == (12, 7, 5)
    assert (usage.total_apps, usage.total_flags, usage.total_environments) == (3, 2, 1)
    changes = [(each.week, each.environment_type, each.total_updates) for each in found.environment_type_trends]
    assert changes == [(name_of(WEEK), "development", 11)]
    live = [(each.week, each.date, each.new_production_flags) for each in found.lifecycle_trends]
    assert live == [
        (name_of(week), clock.to_iso(start_of(week)), number) for week, number in ((WEEK, 1), (WEEK + 1, 2))
    ]
    made = [
        (each.week, each.project, each.created_flags, each.archived_flags) for each in found.creation_archive_trends
    ]
    assert made == [
        (name_of(WEEK), "shop", {"release": 4}, 2),
        (name_of(WEEK + 1), "web", {"experiment": 1}, 0),
    ]


def test_today_is_counted_as_it_is_now() -> None:
    before = [Users(1, 100, 5, 2), Users(2, 200, 5, 3)]
    found = shown_licensed(Users(2, 250, 6, 4), before).licensed_users
    assert (found.current, [(each.date, each.count) for each in found.history]) == (
        4,
        [(clock.to_iso(100), 2), (clock.to_iso(250), 4)],
    )


def test_phases_are_shown_by_category() -> None:
    found = shown_trends(trends([life(began=3), life("experiment", began=30)], NOW)).lifecycle_trends.develop
    assert (found.total_flags, found.median_days_in_current_stage, found.median_days_historically) == (2, 16.5, 0)
    told = [(each.flags_older_than_week, each.new_flags_this_week) for each in (
        found.categories.experimental, found.categories.release, found.categories.permanent
    )]  # fmt: skip
    assert told == [(1, 0), (0, 1), (0, 0)]


def test_half_a_week_in_a_period_is_a_week_of_it() -> None:
    assert Period(date(2026, 3, 4), date(2026, 3, 18)).weeks == (2931, 2933)


def test_without_flags_there_is_nothing() -> None:
    assert all((each.flags, each.days_now, each.days_before) == (0, 0, 0) for each in trends([], NOW).values())
