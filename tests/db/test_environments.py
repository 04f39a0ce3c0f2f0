"""Changing environments, on both databases."""

import pytest

from flagkeeper.features.environments import commands, queries
from flagkeeper.kernel.errors import BadData, NotFound
from tests.log import Log


@pytest.fixture
def seeded(log: Log) -> Log:
    log.run(commands.seed)
    return log


@pytest.mark.causes("environment-created", action="first start")
def test_a_new_server_has_development_before_production(seeded: Log) -> None:
    assert [each.name for each in seeded.read(queries.all_environments)] == ["development", "production"]
    created = seeded.events(limit=10)
    assert [(each.type, each.environment) for each in reversed(created)] == [
        ("environment-created", "development"),
        ("environment-created", "production"),
    ]


def test_seeding_twice_changes_and_records_nothing(seeded: Log) -> None:
    seeded.run(commands.set_enabled, "production", False)
    seeded.run(commands.seed)
    assert seeded.count() == 3
    assert not seeded.read(queries.environment, "production").enabled


def test_what_is_on_already_is_not_recorded(seeded: Log) -> None:
    seeded.run(commands.set_enabled, "production", True)
    assert seeded.count() == 2


def test_only_what_moves_is_recorded(seeded: Log) -> None:
    seeded.run(commands.set_sort_orders, {"development": 100, "production": 1})
    assert [each.name for each in seeded.read(queries.all_environments)] == ["production", "development"]
    (newest, *_) = seeded.events("type:environment-updated", limit=10)
    assert newest.environment == "production"
    assert seeded.count() == 3


@pytest.mark.parametrize(("orders", "error"), [({"nowhere": 1}, NotFound), ({"production": -1}, BadData)])
def test_a_wrong_order_moves_nothing(seeded: Log, orders: dict[str, int], error: type[Exception]) -> None:
    with pytest.raises(error):
        seeded.run(commands.set_sort_orders, {"development": 7, **orders})
    assert seeded.read(queries.environment, "development").sort_order == 100
    assert seeded.count() == 2


def test_an_unknown_environment(seeded: Log) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        seeded.run(commands.set_enabled, "nowhere", False)
    with pytest.raises(NotFound, match="nowhere"):
        seeded.read(queries.environment, "nowhere")
