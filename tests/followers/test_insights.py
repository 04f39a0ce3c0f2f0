"""The weeks of projects are what the log says, in whatever batches they were added up, by whichever server."""

import random
from collections import Counter

import pytest
from sqlalchemy import select

from flagkeeper.eventlog.durable import DurableRunner
from flagkeeper.readmodels.insights import store
from flagkeeper.readmodels.insights.follower import ProjectWeeks
from flagkeeper.readmodels.insights.model import Counted, Key, ProjectUsage, ProjectWeek, Users
from flagkeeper.readmodels.insights.tables import project_week_counts, project_week_usage, project_weeks, user_days
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction
from tests.events import write_log
from tests.log import Log
from tests.unit.test_insights_model import expected, random_events

_COUNTS = Query(select(project_week_counts), columns)
_ROWS = tuple(Query(select(table), columns) for table in (project_weeks, project_week_usage, user_days))


def stored(tx: Transaction) -> Counter[Key]:
    return Counter({Key(project, week, Counted(what), name): n for project, week, what, name, n in tx.all(_COUNTS)})


@pytest.mark.parametrize("batch", [1, 13, 200])
async def test_weeks_grow_with_the_log(log: Log, batch: int) -> None:
    events = random_events(random.Random(batch))
    for part in (events[:90], events[90:]):
        write_log(log.database, part)
        runner = DurableRunner(ProjectWeeks(), log.units, log.reader, log.log_reader, batch=batch)
        while await runner.step():
            pass
        await runner.stop()
    assert log.read(stored) == expected(events)


def test_what_was_seen_is_replaced_by_what_is_seen_later_and_forgotten_at_last(log: Log) -> None:
    def note(week: int, flags: int) -> None:
        log.run(lambda unit: store.set_weeks(unit.tx, [ProjectWeek("web", week, 5, flags, 1, 0, 2, 1.5)]))
        log.run(lambda unit: store.set_usage(unit.tx, [ProjectUsage("web", week, 5, flags, 1, 1, 1, 1)]))
        log.run(lambda unit: store.set_users(unit.tx, Users(7 * week, 5, flags, 1)))

    for week, flags in ((1, 3), (2, 4), (2, 5)):
        note(week, flags)
    weeks, usage, users = (log.read(lambda tx, q=query: sorted(tx.all(q))) for query in _ROWS)
    assert [(row[1], row[3]) for row in weeks] == [(row[1], row[3]) for row in usage] == [(1, 3), (2, 5)]
    assert [(row[0], row[2]) for row in users] == [(7, 3), (14, 5)]
    log.run(lambda unit: store.forget(unit.tx, 2, 14))
    for query in _ROWS:
        assert len(log.read(lambda tx, q=query: tx.all(q))) == 1
