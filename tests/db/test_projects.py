"""Changing projects and their environments, on both databases."""

from typing import Any

import msgspec
import psycopg
import pytest
from sqlalchemy import bindparam, update

from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.environments import commands as environment_commands
from flagkeeper.features.projects import commands, queries
from flagkeeper.features.projects.model import Project
from flagkeeper.features.projects.tables import projects
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction
from tests.log import Log

ROLLOUT = DefaultStrategyData(
    name="flexibleRollout",
    title=None,
    disabled=False,
    constraints=[],
    parameters={"rollout": "25"},
    variants=[],
    segments=[],
)
_ARCHIVE = Write[Any](
    update(projects).where(projects.c.id == bindparam("id")).values(archived_at=bindparam("archived_at"))
)


def _as_it_is(_tx: Transaction, _project: str, strategy: DefaultStrategyData) -> DefaultStrategyData:
    return strategy


def seed(log: Log) -> Log:
    log.run(environment_commands.seed)
    log.run(commands.seed)
    return log


@pytest.fixture
def seeded(log: Log) -> Log:
    return seed(log)


@pytest.mark.causes("project-created", "project-environment-added", action="first start")
def test_a_new_server_has_a_project_with_every_environment(seeded: Log) -> None:
    (project,) = seeded.read(queries.all_projects)
    assert (project.id, project.mode, project.default_stickiness) == ("default", "open", "default")
    assert [each.name for each in seeded.read(queries.environments_of, "default")] == ["development", "production"]
    *added, created = seeded.events("project:default", limit=10)
    assert created.data is not None
    data = msgspec.json.decode(created.data)
    assert (created.type, data["environments"], data["health"]) == (
        "project-created",
        ["development", "production"],
        100,
    )
    assert [(each.type, each.environment) for each in reversed(added)] == [
        ("project-environment-added", "development"),
        ("project-environment-added", "production"),
    ]


def test_seeding_twice_changes_and_records_nothing(seeded: Log) -> None:
    before = seeded.count()
    seeded.run(commands.seed)
    assert seeded.count() == before


def test_environments_of_a_project_follow_their_order(seeded: Log) -> None:
    seeded.run(environment_commands.set_sort_orders, {"production": 1})
    seeded.run(environment_commands.set_enabled, "development", False)
    found = seeded.read(queries.environments_of, "default")
    assert [(each.name, each.enabled, each.default_strategy) for each in found] == [
        ("production", True, None),
        ("development", False, None),
    ]


def test_unknown_projects_and_environments_are_not_found(seeded: Log) -> None:
    with pytest.raises(NotFound):
        seeded.read(queries.project, "nobody")
    with pytest.raises(NotFound):
        seeded.read(queries.environment_of, "default", "nowhere")
    with pytest.raises(NotFound):
        seeded.run(lambda unit: queries.lock_shared(unit.tx, "nobody"))


def test_an_archived_project_is_not_found(seeded: Log) -> None:
    project = seeded.read(queries.project, "default")

    def archive(unit: Unit) -> None:
        unit.tx.write(_ARCHIVE, id="default", archived_at=unit.now)
        unit.silent("project/default", "archiving is not what this test is about")

    seeded.run(archive)
    assert seeded.read(queries.all_projects) == []
    assert [each.id for each in seeded.reader.now(queries.all_projects, archived=True)] == [project.id]
    with pytest.raises(NotFound):
        seeded.read(queries.project, "default")
    with pytest.raises(NotFound):
        seeded.run(lambda unit: queries.lock_shared(unit.tx, "default"))


def test_many_hold_a_project_and_a_change_of_it_waits_for_them(postgresql_url: str) -> None:
    log = Log(postgresql_url)
    try:
        seed(log)
        with psycopg.connect(postgresql_url) as other:
            other.execute("SELECT 1 FROM projects WHERE id = 'default' FOR SHARE")
            assert isinstance(log.run(lambda unit: queries.lock_shared(unit.tx, "default")), Project)
            changing = log.submit(commands.set_default_strategy, "default", "production", ROLLOUT, _as_it_is)
            with pytest.raises(TimeoutError):
                changing.result(timeout=0.3)
            other.commit()
        assert changing.result(timeout=30) == ROLLOUT
    finally:
        log.close()
