"""The laws of keepers and steps, on environments."""

from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.payload import EnvironmentData
from flagkeeper.features.environments import commands
from flagkeeper.features.environments.keeper import EnvironmentKeeper
from flagkeeper.features.environments.model import EnvironmentChange, EnvironmentDraft, EnvironmentState
from flagkeeper.features.environments.ports import (
    ENABLED_FLAGS_BY_ENVIRONMENT,
    ENVIRONMENT_PROJECTS,
    PROJECTS_BY_ENVIRONMENT,
    TOKENS_BY_ENVIRONMENT,
    uses_of,
)
from flagkeeper.features.projects import commands as projects
from flagkeeper.kernel.errors import BadData, InvalidOperation, NotFound
from flagkeeper.kernel.port import Port
from tests.keeping import StandingIn, check_removals, check_steps
from tests.log import Log
from tests.story import SEEDS, Change, attempt, tell

KINDS = {"environment"}
NONE: dict[Port[Any], Any] = dict.fromkeys(
    (PROJECTS_BY_ENVIRONMENT, TOKENS_BY_ENVIRONMENT, ENABLED_FLAGS_BY_ENVIRONMENT), lambda *_: {}
)
PORTS = StandingIn({**NONE, ENVIRONMENT_PROJECTS: projects})
USES = uses_of(PORTS)

STORY: list[Change] = [
    commands.seed,
    lambda unit: commands.set_enabled(unit, "production", False),
    lambda unit: commands.set_enabled(unit, "production", False),
    lambda unit: commands.set_sort_orders(unit, {"production": 1, "development": 2}),
    lambda unit: commands.set_sort_orders(unit, {"production": 1, "development": 0}),
    lambda unit: commands.set_enabled(unit, "production", True),
    lambda unit: commands.create(unit, EnvironmentDraft(name="qa", type="test")),
    lambda unit: commands.update(unit, "qa", EnvironmentChange(type="x", required_approvals=2)),
    lambda unit: commands.update(unit, "qa", EnvironmentChange(type="x")),
    lambda unit: commands.update(unit, "qa", EnvironmentChange(required_approvals=None, sort_order=7)),
    lambda unit: commands.delete(unit, "qa", USES),
]


def test_every_command(log: Log) -> None:
    tell(log, STORY, kinds=KINDS)
    assert check_steps(log, PORTS, kinds=KINDS) == 5 + 3
    assert check_removals(log, PORTS, kinds=KINDS) == 2


def test_what_is_refused_is_refused_in_a_rehearsal_too(log: Log) -> None:
    log.run(commands.seed)
    unknown = attempt(log, lambda unit: commands.set_enabled(unit, "nowhere", True), kinds=KINDS)
    assert isinstance(unknown, NotFound)
    wrong = attempt(log, lambda unit: commands.set_sort_orders(unit, {"development": 7, "production": -1}), kinds=KINDS)
    assert isinstance(wrong, BadData)


def random_change(dice: Random) -> Change:
    name = dice.choice(["development", "production"])
    if dice.random() < 0.5:
        enabled = dice.random() < 0.5
        return lambda unit: commands.set_enabled(unit, name, enabled)
    order = dice.randrange(4)
    return lambda unit: commands.set_sort_orders(unit, {name: order})


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens(log: Log, seed: int) -> None:
    dice = Random(seed)
    tell(log, [commands.seed, *(random_change(dice) for _ in range(30))], kinds=KINDS)
    assert check_steps(log, PORTS, kinds=KINDS) > 10


def test_no_operation_changes_the_protection() -> None:
    now = EnvironmentState(
        environment=EnvironmentData(name="qa", type="test", sort_order=1, enabled=True, protected=False)
    )
    then = EnvironmentState(environment=replace(now.environment, enabled=False, protected=True))
    path = "environment/qa"
    assert EnvironmentKeeper().steps(path, now, now) == []
    for before in (now, None):
        with pytest.raises(InvalidOperation, match="protection"):
            EnvironmentKeeper().steps(path, before, then)
