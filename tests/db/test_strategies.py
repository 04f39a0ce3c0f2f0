"""Changing strategy definitions, on both databases."""

import pytest
from msgspec.structs import replace

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.strategies import commands, queries
from flagkeeper.features.strategies.model import StrategyChange, StrategyDraft
from flagkeeper.kernel.errors import Forbidden, NameExists, NotFound
from tests.log import Log

CUSTOM = StrategyDraft(name="byPlan", title="Plan", description=None, deprecated=False, parameters=[])
SAME = StrategyChange(title="Plan", description=None, parameters=[])


@pytest.fixture
def seeded(log: Log) -> Log:
    log.run(commands.seed)
    return log


@pytest.mark.causes("strategy-created", action="first start")
def test_a_new_server_has_the_strategies_that_every_sdk_knows(seeded: Log) -> None:
    seeded.run(commands.seed)
    names = [each.name for each in seeded.read(queries.all_strategies)]
    assert names == ["flexibleRollout", "default", "remoteAddress", "applicationHostname"]
    created = seeded.events(limit=10)
    assert [each.type for each in created] == ["strategy-created"] * 4


def test_custom_strategies_come_last(seeded: Log) -> None:
    assert seeded.run(commands.create, CUSTOM) == seeded.read(queries.all_strategies)[-1]


def test_nothing_changed_records_nothing(seeded: Log) -> None:
    seeded.run(commands.create, CUSTOM)
    seeded.run(commands.update, "byPlan", SAME)
    seeded.run(commands.reactivate, "byPlan")
    seeded.run(commands.deprecate, "byPlan")
    seeded.run(commands.deprecate, "byPlan")
    assert seeded.count() == 6


def test_a_taken_name(seeded: Log) -> None:
    with pytest.raises(NameExists):
        seeded.run(commands.create, replace(CUSTOM, name="default"))
    assert seeded.count() == 4


def test_built_in_strategies_stay_as_they_are(seeded: Log) -> None:
    with pytest.raises(Forbidden, match="built-in"):
        seeded.run(commands.update, "flexibleRollout", SAME)


def test_unknown_strategies_are_not_found(seeded: Log) -> None:
    for command in (commands.deprecate, commands.reactivate):
        with pytest.raises(NotFound):
            seeded.run(command, "nobody")
    with pytest.raises(NotFound):
        seeded.run(commands.update, "nobody", SAME)
    with pytest.raises(NotFound):
        seeded.read(queries.strategy, "nobody")


def test_whoever_uses_a_strategy_can_hold_it(seeded: Log) -> None:
    def held(unit: Unit) -> list[bool]:
        return [queries.lock_shared(unit.tx, name) for name in ("default", "nobody")]

    assert seeded.run(held) == [True, False]
    assert seeded.read(queries.strategy_exists, "default")
    assert not seeded.read(queries.strategy_exists, "nobody")
