"""The version kept with each event: what its subject looked like afterwards."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import TagData
from flagkeeper.eventlog.tables import events
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.environments import queries as environment_queries
from flagkeeper.features.environments.model import EnvironmentState
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.projects import queries as project_queries
from flagkeeper.features.projects.model import ProjectEnvironmentState, ProjectState
from flagkeeper.features.strategies import commands as strategies
from flagkeeper.features.strategies import queries as strategy_queries
from flagkeeper.features.strategies.model import StrategyState
from flagkeeper.features.tags import commands as tags
from flagkeeper.features.tags import queries as tag_queries
from flagkeeper.features.tags.model import TagState, TagTypeChange, TagTypeState
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction
from tests.log import Log
from tests.versions import own_versions

KINDS: dict[str, type[Snapshot]] = {
    kind.kind: kind
    for kind in (EnvironmentState, ProjectState, ProjectEnvironmentState, StrategyState, TagState, TagTypeState)
}
_VERSIONS = Query(
    select(events.c.subject, own_versions.c.kind, own_versions.c.schema, own_versions.c.state)
    .join(own_versions, own_versions.c.event_id == events.c.id, isouter=True)
    .order_by(events.c.id),
    lambda subject, kind, schema, state: (subject, KINDS[kind].unpack(schema, state)),
)


def newest_versions(tx: Transaction) -> dict[str, Any]:
    """The last version of every subject in the log; an event without one fails."""
    return dict(tx.all(_VERSIONS))


@pytest.fixture
def changed(log: Log) -> Log:
    for seed in (environments.seed, projects.seed, strategies.seed, tags.seed):
        log.run(seed)
    log.run(environments.set_enabled, "production", False)
    log.run(environments.set_sort_orders, {"development": 300})
    log.run(strategies.deprecate, "remoteAddress")
    log.run(tags.create_tag, Tag("simple", "core"))
    log.run(tags.update_type, "simple", TagTypeChange(color="#000000"))
    return log


def test_the_last_version_of_a_subject_is_its_state_now(changed: Log) -> None:
    versions = changed.read(newest_versions)

    for environment in changed.read(environment_queries.all_environments):
        assert versions.pop(f"environment/{environment.name}") == environment.state()
        attached = ProjectEnvironmentState(default_strategy=None)
        assert versions.pop(f"project/default/{environment.name}") == attached
    project = changed.read(project_queries.project, "default")
    assert versions.pop("project/default") == project.state()
    for strategy in changed.read(strategy_queries.all_strategies):
        assert versions.pop(f"strategy/{strategy.name}") == strategy.state()
    assert versions.pop("tag-type/simple") == changed.read(tag_queries.tag_type, "simple").state()
    assert versions.pop("tag/simple/core") == TagState(tag=TagData(type="simple", value="core"))
    assert versions == {}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_version_survives_packing(kind: type[Snapshot], changed: Log) -> None:
    found = [each for each in changed.read(newest_versions).values() if isinstance(each, kind)]
    assert found
    for version in found:
        assert kind.unpack(kind.schema, version.pack()) == version
        assert msgspec.json.decode(msgspec.json.encode(version))
