"""Which days of a project count, and which flags reached production lately: read from what was added up."""

import pytest
from sqlalchemy import insert, select

from flagkeeper.eventlog.query import EVERYTHING, Visibility
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.environments.tables import environments
from flagkeeper.features.flags.tables import feature_last_seen
from flagkeeper.features.projects.ports import Onboarding
from flagkeeper.features.usage.tables import client_application_usage
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import NotFound
from flagkeeper.readmodels.project_figures import queries, store
from flagkeeper.readmodels.project_figures.jobs import note_health
from flagkeeper.readmodels.project_figures.model import DAYS_KEPT, WINDOW, YEAR, Added, Day
from flagkeeper.readmodels.project_figures.tables import project_days, project_health_days
from flagkeeper.storage.statement import Query, Write, columns
from tests.flags import add_project, make, seed
from tests.log import Log

_PLACE = Write[None](insert(environments))
_SEEN = Write[None](insert(feature_last_seen))
_USED = Write[None](insert(client_application_usage))
_KEPT = tuple(
    Query(select(table.c.project, table.c.day).order_by(table.c.day), columns)
    for table in (project_days, project_health_days)
)
HIDDEN = Visibility(hidden_projects=frozenset({"default"}))


@pytest.fixture
def seeded(log: Log) -> tuple[Log, int]:
    """A log with what projects need, and the number of today."""
    log.run(access.seed)
    seed(log)
    return log, clock.now() // clock.DAY


def happened(log: Log, days: dict[int, Day], project: str = "default") -> None:
    added = Added()
    added.days = {(project, day): counted for day, counted in days.items()}
    log.run(lambda unit: store.add(unit.tx, added))


def first_on(log: Log, **moments: int) -> None:
    """When flags were first on: `flag__environment`."""
    added = Added()
    added.first_enabled = {(flag, place): at for name, at in moments.items() for flag, place in [name.split("__")]}
    log.run(lambda unit: store.add(unit.tx, added))


def test_the_days_of_an_overview_and_of_a_status(seeded: tuple[Log, int]) -> None:
    log, today = seeded
    happened(
        log,
        {
            today: Day(1, 1, 1, 1),
            today - WINDOW + 1: Day(2, 2, 2, 2),
            today - WINDOW: Day(4, 4, 4, 4),
            today - 2 * WINDOW + 1: Day(8, 8, 8, 8),
            today - 2 * WINDOW: Day(16, 16, 16, 16),
            today - YEAR: Day(32, 32, 32, 32),
            today - YEAR - 1: Day(64, 64, 64, 64),
        },
    )
    happened(log, {today: Day(5, 5, 5, 5)}, "other")
    found = log.read(queries.overview, "default", EVERYTHING, 1).stats
    assert (found.events, found.events_before, found.members_added) == (3, 12, 3)
    status = log.read(queries.status, "default", EVERYTHING)
    assert status.activity == [
        (today - YEAR, 32),
        (today - 2 * WINDOW, 16),
        (today - 2 * WINDOW + 1, 8),
        (today - WINDOW, 4),
        (today - WINDOW + 1, 2),
        (today, 1),
    ]
    assert status.archived_lately == 3


def test_health_of_late_and_before(seeded: tuple[Log, int]) -> None:
    log, today = seeded
    assert log.read(queries.health_window, "default") == queries.Window(None, None)
    days = {today: 100, today - WINDOW + 1: 51, today - WINDOW: 20, today - 2 * WINDOW + 1: 40, today - 2 * WINDOW: 99}
    for day, health in days.items():
        log.run(lambda unit, d=day, h=health: store.set_health(unit.tx, d, {"default": h}))
    assert log.read(queries.health_window, "default") == queries.Window(76, 30)


def test_what_is_older_than_a_year_is_forgotten(seeded: tuple[Log, int]) -> None:
    log, today = seeded
    kept = [today - DAYS_KEPT, today]
    days = [today - DAYS_KEPT - 1, *kept]
    happened(log, dict.fromkeys(days, Day(1)))
    for day in days:
        log.run(lambda unit, d=day: store.set_health(unit.tx, d, {"default": 1}))
    log.run(note_health)
    for query in _KEPT:
        assert log.read(lambda tx, q=query: tx.all(q)) == [("default", day) for day in kept]
    assert log.read(queries.health_window, "default").now == 100, "what was seen later takes its place"


def test_flags_reach_production_once(seeded: tuple[Log, int]) -> None:
    """Releases only, in environments of that type, for the first time."""
    log, today = seeded
    log.run(_add_production)
    since = (today - WINDOW + 1) * clock.DAY
    made = {name: make(log, name).created_at for name in ("lately", "earlier", "moved", "elsewhere")}
    made["trial"] = make(log, "trial", type="experiment").created_at
    first_on(
        log,
        lately__production=since + clock.DAY,
        lately__europe=since,
        earlier__production=since - 1,
        moved__production=since,
        moved__europe=since - 1,
        elsewhere__development=since,
        trial__production=since,
    )
    days = round((since - made["lately"]) / clock.DAY, 1)
    delivered = log.read(queries.delivery, "default", EVERYTHING)
    assert [(each.flag, each.at) for each in delivered] == [
        ("earlier", since - 1),
        ("lately", since),
        ("moved", since - 1),
    ]
    assert log.read(queries.overview, "default", EVERYTHING, 1).stats.time_to_production == days
    progress = log.read(queries.progress, ["default", "other"])
    assert {name: each.time_to_production for name, each in progress.items()} == {"default": days, "other": 0}


def _add_production(unit: Unit) -> None:
    unit.silent("environment/europe", "a test needs a second production")
    place = {"name": "europe", "type": "production", "sort_order": 9, "enabled": True, "protected": False}
    unit.tx.write(_PLACE, **place, required_approvals=None)


def test_how_a_project_begins(seeded: tuple[Log, int]) -> None:
    log, _ = seeded
    for project in ("seen", "used"):
        log.run(add_project, project)

    def begun() -> dict[str, Onboarding]:
        names = ["default", "seen", "used"]
        found = {name: each.onboarding for name, each in log.read(queries.progress, names).items()}
        assert found == {name: log.read(queries.onboarding, name) for name in names}
        return found

    assert set(begun().values()) == {Onboarding(None, False)}
    for name in ("first", "second"):
        make(log, name)
    log.run(lambda unit: unit.tx.write(_SEEN, feature_name="second", environment="development", at=1))
    log.run(lambda unit: unit.tx.write(_USED, app_name="a", project="used", environment="development", seen_at=1))
    found = begun()
    assert (found["default"].first_flag, found["default"].is_connected) == ("first", True)
    assert (found["seen"], found["used"]) == (Onboarding(None, False), Onboarding(None, True))


def test_of_hidden_projects_there_are_no_figures(seeded: tuple[Log, int]) -> None:
    log, _ = seeded
    for query, more in ((queries.status, ()), (queries.delivery, ()), (queries.overview, (1,))):
        for project, visibility in (("default", HIDDEN), ("nowhere", EVERYTHING)):
            with pytest.raises(NotFound):
                log.read(query, project, visibility, *more)
