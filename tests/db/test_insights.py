"""Which weeks, days and moments belong to what is told of a period."""

from datetime import date

import pytest
from sqlalchemy import insert

from flagkeeper.eventlog.query import EVERYTHING, Visibility
from flagkeeper.features.access import commands as access
from flagkeeper.features.flags.commands import archive
from flagkeeper.features.flags.tables import feature_stages
from flagkeeper.features.usage.tables import client_metrics
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import draft
from flagkeeper.features.users.tables import user_logins
from flagkeeper.kernel import clock
from flagkeeper.readmodels.insights import queries, store
from flagkeeper.readmodels.insights.jobs import note
from flagkeeper.readmodels.insights.model import (
    ACTIVE,
    DAYS_KEPT,
    WEEKS_KEPT,
    Added,
    Counted,
    Key,
    Period,
    ProjectUsage,
    ProjectWeek,
    Users,
    start_of,
    week_of,
)
from flagkeeper.storage.statement import Write
from tests.flags import add_project, make, seed
from tests.log import Log

_LOGIN, _STAGES, _METRICS = (Write[None](insert(table)) for table in (user_logins, feature_stages, client_metrics))
FIRST, LAST = date(2026, 3, 4), date(2026, 3, 18)
"""A Wednesday, and the one two weeks later: three weeks have a day in between."""
PERIOD = Period(FIRST, LAST)
WEEK = PERIOD.weeks[0]
HIDDEN = Visibility(hidden_projects=frozenset({"web"}))


@pytest.fixture
def seeded(log: Log) -> Log:
    log.run(access.seed)
    seed(log)
    log.run(add_project, "web")
    return log


def test_a_period_has_all_weeks_of_which_a_day_is_in_it(seeded: Log) -> None:
    assert PERIOD.weeks == (WEEK, WEEK + 2)
    first, last = PERIOD.days
    for week in range(WEEK - 1, WEEK + 4):
        seeded.run(lambda unit, w=week: store.set_weeks(unit.tx, [ProjectWeek("web", w, 5, 1, 0, 0, 2, 1.5)]))
        seeded.run(lambda unit, w=week: store.set_usage(unit.tx, [ProjectUsage("web", w, 5, 1, 1, 1, 1, 1)]))
        added = Added()
        added.numbers[Key("web", week, Counted.ARCHIVED, "")] += 1
        seeded.run(lambda unit, more=added: store.add(unit.tx, more))
    for day in (first - 1, first, last, last + 1):
        seeded.run(lambda unit, d=day: store.set_users(unit.tx, Users(d, 5, 1, 1)))
    found, hidden = (seeded.read(queries.insights, PERIOD, sight) for sight in (EVERYTHING, HIDDEN))
    for rows in (found.weeks, found.usage, found.counts):
        assert [each.week for each in rows] == [WEEK, WEEK + 1, WEEK + 2]
    assert [each.day for each in found.users] == [first, last]
    assert (hidden.weeks, hidden.usage, hidden.counts, hidden.users) == ([], [], [], found.users)


def test_flags_that_became_live_in_those_weeks(seeded: Log) -> None:
    moments = (
        start_of(WEEK) - 1,
        start_of(WEEK),
        start_of(WEEK + 1) - 1,
        start_of(WEEK + 3) - 1,
        start_of(WEEK + 3),
    )
    for number, at in enumerate(moments):
        make(seeded, f"f{number}")
        seeded.run(
            lambda unit, n=number, live=at: unit.tx.write(
                _STAGES, feature_name=f"f{n}", revived_at=None, pre_live_at=None, live_at=live
            )
        )
    found = seeded.read(queries.insights, PERIOD, EVERYTHING)
    assert found.live == {(WEEK, "default"): 2, (WEEK + 2, "default"): 1}
    assert found.types["production"] == "production"


def test_lives_of_the_projects_that_are_wanted(seeded: Log) -> None:
    make(seeded, "one", type="experiment")
    make(seeded, "two")
    seeded.run(archive.archive, "default", "two")
    found = seeded.read(queries.lives, [], EVERYTHING)
    assert {(each.type, each.archived_at is not None) for each in found} == {("experiment", False), ("release", True)}
    assert len(seeded.read(queries.lives, ["default", "nowhere"], EVERYTHING)) == 2
    assert seeded.read(queries.lives, ["web"], EVERYTHING) == []


def test_reports_of_a_week(seeded: Log) -> None:
    make(seeded, "f")
    now, where = start_of(WEEK) + clock.HOUR, {"feature_name": "f", "environment": "e", "app_name": "a"}
    starts = (start_of(WEEK) - clock.DAY, start_of(WEEK), start_of(WEEK + 1) - clock.DAY, start_of(WEEK + 1))
    for yes, start in enumerate(starts):
        for span in ("day", "hour"):
            seeded.run(
                lambda unit, s=span, at=start, y=yes: unit.tx.write(
                    _METRICS, **where, span=s, start=at, yes=1 << y, no=1
                )
            )
    assert seeded.read(queries.usage_now, WEEK, now) == [ProjectUsage("default", WEEK, now, 6, 2, 1, 1, 1)]
    (past,) = seeded.read(queries.usage_now, WEEK - 1, now)
    assert (past.at, past.yes) == (start_of(WEEK) - 1, 1), "as of the end of the week"


def test_who_is_active(seeded: Log) -> None:
    now = clock.now()
    for name, seen in (("in", now - ACTIVE + 1), ("out", now - ACTIVE), ("never", None)):
        user = seeded.run(users.create, draft(username=name, root_role=3), None)
        if seen is not None:
            seeded.run(lambda unit, u=user.id, at=seen: unit.tx.write(_LOGIN, user_id=u, seen_at=at, attempts=0))
    assert seeded.read(queries.users_now, now) == Users(now // clock.DAY, now, 3, 1)


def test_a_look_forgets_what_is_older_than_two_years(seeded: Log) -> None:
    now = start_of(WEEK) + clock.DAY
    day = now // clock.DAY
    for week, of in ((WEEK - WEEKS_KEPT - 1, day - DAYS_KEPT - 1), (WEEK - WEEKS_KEPT, day - DAYS_KEPT), (WEEK, day)):
        weeks = [ProjectWeek("web", week, 5, 1, 0, 0, 2, 1.5)]
        seeded.run(lambda unit, w=weeks: store.set_weeks(unit.tx, w))
        seeded.run(lambda unit, d=of: store.set_users(unit.tx, Users(d, 5, 1, 1)))
    seeded.run(note, [], [], Users(day, now, 1, 1))
    whole = Period(date(2000, 1, 1), LAST)
    found = seeded.read(queries.insights, whole, EVERYTHING)
    assert [each.week for each in found.weeks] == [WEEK - WEEKS_KEPT, WEEK]
    assert [each.day for each in found.users] == [day - DAYS_KEPT, day]
    assert week_of(now) == WEEK
