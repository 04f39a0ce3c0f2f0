"""What SDKs are sent follows the log: applying events gives the same as reading all tables anew."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam, select

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.follow import MemoryRunner, after
from flagkeeper.eventlog.read import LogPosition, log_position
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.flags.commands import archive, create, metadata, strategies, switch, tags, types, variants
from flagkeeper.features.flags.model.flag import FlagChange, FlagDraft
from flagkeeper.features.flags.model.strategy import StrategyChange, StrategyDraft
from flagkeeper.features.flags.model.variant import VariantDraft
from flagkeeper.features.flags.queries import segment_uses
from flagkeeper.features.flags.tables import feature_strategies
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.features.strategies import commands as definitions
from flagkeeper.features.tags import commands as tag_types
from flagkeeper.kernel.errors import FlagkeeperError
from flagkeeper.readmodels.client_features.follower import ClientFeatures
from flagkeeper.readmodels.client_features.state import State
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction
from tests.databases import Run, fresh_postgresql, fresh_sqlite
from tests.log import Log

NAMES = ["alpha", "beta", "gamma"]
PLACES = ["development", "production"]
SEGMENTS = [1, 2, 3]
_IDS = Query(select(feature_strategies.c.id).where(feature_strategies.c.feature_name == bindparam("name")), str)

Change = Callable[[Log, str, str, int], object]


def rule(number: int) -> list[Constraint]:
    return [Constraint(context_name="userId", operator="IN", values=[str(number)])]


def draft(number: int) -> StrategyDraft:
    return StrategyDraft(
        name="flexibleRollout",
        parameters={"rollout": number % 101},
        constraints=rule(number),
        segments=[each for each in SEGMENTS if number & each],
        disabled=number % 5 == 0,
        sort_order=number % 3,
    )


def first_strategy(log: Log, name: str) -> str:
    return next(iter(log.reader.now(lambda tx: tx.all(_IDS, name=name))), "none")


def segment(id_: int, number: int) -> SegmentDraft:
    return SegmentDraft(name=f"segment {id_}", description=None, project=None, constraints=rule(number))


CHANGES: dict[str, Change] = {
    "create": lambda log, name, _, n: log.run(create.create, "default", FlagDraft(name=name, description=f"{n}")),
    "archive": lambda log, name, *_: log.run(archive.archive, "default", name),
    "revive": lambda log, name, *_: log.run(archive.revive, "default", name),
    "delete": lambda log, name, *_: log.run(archive.delete, "default", name),
    "on": lambda log, name, place, _: log.run(switch.turn_on, "default", name, place),
    "off": lambda log, name, place, _: log.run(switch.turn_off, "default", name, place),
    "add strategy": lambda log, name, place, n: log.run(strategies.add, "default", name, place, draft(n)),
    "change strategy": lambda log, name, place, n: log.run(
        strategies.update,
        *("default", name, place, first_strategy(log, name)),
        StrategyChange(constraints=rule(n), disabled=n % 2 == 0, segments=draft(n).segments),
    ),
    "remove strategy": lambda log, name, place, _: log.run(
        strategies.remove, "default", name, place, first_strategy(log, name)
    ),
    "order strategies": lambda log, name, place, n: log.run(
        strategies.set_order, "default", name, place, {first_strategy(log, name): n % 4}
    ),
    "variants": lambda log, name, _, n: log.run(
        variants.replace_everywhere, "default", name, [VariantDraft(name=f"v{n}", weight=0)]
    ),
    "tag": lambda log, name, _, n: log.run(tags.add, name, Tag("simple", f"tag{n % 3}")),
    "untag": lambda log, name, _, n: log.run(tags.remove, name, Tag("simple", f"tag{n % 3}")),
    "describe": lambda log, name, _, n: log.run(metadata.update, "default", name, FlagChange(description=f"{n}")),
    "stale": lambda log, name, _, n: log.run(metadata.mark_stale, "default", name, n % 2 == 0),
    "create segment": lambda log, _, __, n: log.run(segments.create, segment(n, n)),
    "change segment": lambda log, _, __, n: log.run(segments.update, n % 3 + 1, segment(n % 3 + 1, n), segment_uses),
    "delete segment": lambda log, _, __, n: log.run(segments.delete, n % 3 + 1, segment_uses),
    "disable environment": lambda log, _, place, n: log.run(environments.set_enabled, place, n % 2 == 0),
}
change = st.tuples(
    st.sampled_from(sorted(CHANGES)), st.sampled_from(NAMES), st.sampled_from(PLACES), st.integers(0, 99)
)
batches = st.lists(st.lists(change, max_size=6), max_size=8)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def fresh(request: pytest.FixtureRequest, run: Run, tmp_path: Path) -> Callable[[], AbstractContextManager[str]]:
    """Makes a fresh database for every example."""
    return (lambda: fresh_sqlite(run, tmp_path)) if request.param == "sqlite" else (lambda: fresh_postgresql(run))


def seed(log: Log) -> None:
    for command in (environments.seed, projects.seed, definitions.seed, tag_types.seed, types.seed):
        log.run(command)
    for number in SEGMENTS:
        log.run(segments.create, segment(number, number))
    for number, name in enumerate(NAMES, start=1):
        log.run(create.create, "default", FlagDraft(name=name))
        for place in PLACES:
            log.run(strategies.add, "default", name, place, draft(number))


def rebuilt(log: Log) -> State:
    fresh = ClientFeatures()
    log.reader.now(lambda tx: fresh.load(tx, log_position(tx)))
    return fresh.state


@contextmanager
def following(url: str) -> Iterator[tuple[Log, ClientFeatures]]:
    log, follower = Log(url), ClientFeatures()
    seed(log)
    runner = MemoryRunner(follower, log.log_reader)
    log.reader.now(runner.load)
    log.log_reader.add(runner)
    yield log, follower
    log.close()


class OneByOne:
    """Follows the slowest way: the tables are always as far ahead of it as they can be."""

    def __init__(self) -> None:
        self.follower = ClientFeatures()

    def catch_up(self, tx: Transaction) -> None:
        reached = log_position(tx)
        position = self.follower.state.position.last_id
        while batch := after(tx, position, self.follower.wants, 1):
            position = batch[-1].id
            self.follower.apply(tx, batch, LogPosition(reached.epoch, position))
        self.follower.apply(tx, [], reached)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(work=batches)
def test_following_gives_what_reading_anew_gives(fresh: Any, work: list[list[Any]]) -> None:
    with fresh() as url, following(url) as (log, follower):
        slow = OneByOne()
        log.reader.now(lambda tx: slow.follower.load(tx, log_position(tx)))
        for batch in work:
            for kind, name, place, number in batch:
                try:
                    CHANGES[kind](log, name, place, number)
                except FlagkeeperError:
                    continue
            log.reader.now(log.log_reader._read)
            expected = rebuilt(log)
            assert follower.state == expected
        log.reader.now(slow.catch_up)
        assert slow.follower.state == rebuilt(log)
