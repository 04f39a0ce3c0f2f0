"""Figures of projects are what the log says, however they were added up, and whatever died meanwhile."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from flagkeeper.eventlog.durable import DurableRunner
from flagkeeper.eventlog.read import EventRow
from flagkeeper.kernel import clock
from flagkeeper.readmodels.project_figures.follower import ProjectFigures
from flagkeeper.readmodels.project_figures.model import Day, added
from flagkeeper.readmodels.project_figures.tables import flag_first_enabled, project_days
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction
from tests.events import row, write_log
from tests.followers import figures
from tests.log import Log

ROOT = Path(__file__).parents[2]
START = 1_700_000_000_000
TYPES = ("feature-created", "feature-archived", "feature-deleted", "feature-environment-enabled", "feature-updated")
OTHERS = ("project-deleted", "project-access-added", "project-user-added", "segment-created")
_DAYS = Query(select(project_days), columns)
_FIRST = Query(select(flag_first_enabled), columns)

Figures = tuple[dict[tuple[str, int], Day], dict[tuple[str, str], int]]


def random_rows(rng: random.Random, first: int, last: int) -> list[EventRow]:
    return [random_row(rng, event_id) for event_id in range(first, last + 1)]


def random_row(rng: random.Random, event_id: int) -> EventRow:
    kind = rng.choices((*TYPES, *OTHERS), (8, 4, 1, 8, 8, 0.5, 3, 2, 2))[0]
    users = rng.sample(range(9), rng.randrange(4))
    roles = [{"roleId": role, "groupIds": [], "userIds": users} for role in (4, 5)]
    return row(
        event_id,
        type=kind,
        created_at=START + event_id * clock.HOUR,
        project=rng.choice(("default", "other", None)),
        feature_name=rng.choice("abc") if kind in TYPES else None,
        environment=rng.choice(("development", "production")) if "environment" in kind else None,
        data=json.dumps({"roles": roles}) if kind == "project-access-added" else None,
    )


def expected(rows: list[EventRow]) -> Figures:
    """Counted anew, one figure at a time: by what follows the last deletion."""
    days: dict[tuple[str, int], Day] = {}
    for project in ("default", "other"):
        own = [each for each in rows if each.project == project]
        gone = max((each.id for each in own if each.type == "project-deleted"), default=0)
        kept = [(each.created_at // clock.DAY, each) for each in own if each.id > gone]
        counts: dict[str, Counter[int]] = {
            "events": Counter(day for day, _ in kept),
            "created": Counter(day for day, each in kept if each.type == "feature-created"),
            "archived": Counter(day for day, each in kept if each.type == "feature-archived"),
            "members": Counter(day for day, each in kept for _ in range(members(each))),
        }
        for day in counts["events"]:
            days[project, day] = Day(*(counts[each][day] for each in counts))
    first: dict[tuple[str, str], int] = {}
    for flag in "abc":
        own = [each for each in rows if each.feature_name == flag]
        gone = max((each.id for each in own if each.type == "feature-deleted"), default=0)
        for each in own:
            if each.id > gone and each.type == "feature-environment-enabled":
                first.setdefault((flag, str(each.environment)), each.created_at)
    return days, first


def members(event: EventRow) -> int:
    if event.type == "project-access-added" and event.data:
        return len({user for role in json.loads(event.data)["roles"] for user in role["userIds"]})
    return int(event.type == "project-user-added")


def stored(tx: Transaction) -> Figures:
    return (
        {(project, day): Day(*counted) for project, day, *counted in tx.all(_DAYS)},
        {(flag, environment): at for flag, environment, at in tx.all(_FIRST)},
    )


async def work_off(log: Log, batch: int, steps: int | None = None) -> None:
    runner = DurableRunner(ProjectFigures(), log.units, log.reader, log.log_reader, batch=batch)
    while steps != 0 and await runner.step():
        steps = None if steps is None else steps - 1
    await runner.stop()


def test_a_row_of_events_may_be_split_anywhere() -> None:
    rng = random.Random(3)
    for _ in range(200):
        rows = random_rows(rng, 1, 40)
        whole = added(rows)
        assert (whole.days, whole.first_enabled) == expected(rows)


@pytest.mark.slow
async def test_figures_grow_with_the_log_and_with_what_was_killed(log: Log, database_url: str) -> None:
    rng = random.Random(5)
    rows: list[EventRow] = []
    for turn in range(2):
        rows += random_rows(rng, len(rows) + 1, len(rows) + 150)
        write_log(log.database, rows[-150:])
        await work_off(log, batch=rng.choice((1, 7, 50)), steps=3)
        if turn:
            kill_at = rng.randrange(2, 6)
            killed = await asyncio.to_thread(run_until_killed, database_url, kill_at)
            assert killed == -signal.SIGKILL
    await wait_for_lease(log)
    await work_off(log, batch=200)
    days, first = expected(rows)
    assert log.read(stored) == (days, first)
    assert len(days) > 20
    assert first


def run_until_killed(url: str, kill_at: int) -> int:
    command = [sys.executable, figures.__file__, url, str(kill_at)]
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    return subprocess.run(command, env=environment, timeout=60, check=False).returncode


async def wait_for_lease(log: Log) -> None:
    """Whoever was killed holds it for a second more."""
    runner = DurableRunner(ProjectFigures(), log.units, log.reader, log.log_reader)
    while not await runner.step():
        await asyncio.sleep(0.05)
    await runner.stop()
