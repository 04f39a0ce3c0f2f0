"""The laws of keepers and steps, on strategy definitions."""

from random import Random

import pytest
from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.strategy import StrategyParameterData
from flagkeeper.features.flags.queries import strategy_uses
from flagkeeper.features.strategies import commands
from flagkeeper.features.strategies.keeper import StrategyKeeper
from flagkeeper.features.strategies.model import BUILT_IN, StrategyChange, StrategyDraft, StrategyState
from flagkeeper.features.strategies.ports import STRATEGY_USES
from flagkeeper.kernel.errors import BadData, Forbidden, InvalidOperation, NameExists, NotFound
from tests.keeping import StandingIn, check_steps
from tests.log import Log
from tests.story import SEEDS, Change, attempt, tell

KINDS = {"strategy"}
PORTS = StandingIn({STRATEGY_USES: strategy_uses})


def parameter(name: str) -> StrategyParameterData:
    return StrategyParameterData(name=name, type="list", description="", required=True)


def draft(name: str, *parameters: str, title: str | None = None, deprecated: bool = False) -> StrategyDraft:
    return StrategyDraft(
        name=name,
        title=title,
        description=None,
        parameters=[parameter(each) for each in parameters],
        deprecated=deprecated,
    )


STORY: list[Change] = [
    commands.seed,
    lambda unit: commands.create(unit, draft("byCountry", "countries")),
    lambda unit: commands.update(unit, "byCountry", StrategyChange(title="By country", parameters=[])),
    lambda unit: commands.update(unit, "byCountry", StrategyChange(title="By country", parameters=[])),
    lambda unit: commands.update(unit, "byCountry", StrategyChange(description="Where", parameters=[parameter("b")])),
    lambda unit: commands.deprecate(unit, "byCountry"),
    lambda unit: commands.deprecate(unit, "byCountry"),
    lambda unit: commands.deprecate(unit, "remoteAddress"),
    lambda unit: commands.reactivate(unit, "remoteAddress"),
    lambda unit: commands.create(unit, draft("~old.(1)", "a", "b", title="T", deprecated=True)),
    lambda unit: commands.reactivate(unit, "~old.(1)"),
    lambda unit: commands.delete(unit, "~old.(1)", PORTS.answer(STRATEGY_USES)),
]


def test_every_command(log: Log) -> None:
    tell(log, STORY, kinds=KINDS)
    assert check_steps(log, PORTS, kinds=KINDS) == 6


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda unit: commands.create(unit, draft("default")), NameExists),
        (lambda unit: commands.create(unit, draft("a b")), BadData),
        (lambda unit: commands.update(unit, "default", StrategyChange(parameters=[])), Forbidden),
        (lambda unit: commands.delete(unit, "default", PORTS.answer(STRATEGY_USES)), Forbidden),
        (lambda unit: commands.deprecate(unit, "nothing"), NotFound),
    ],
)
def test_what_is_refused_is_refused_in_a_rehearsal_too(log: Log, change: Change, error: type[Exception]) -> None:
    log.run(commands.seed)
    assert isinstance(attempt(log, change, kinds=KINDS), error)


def random_change(dice: Random) -> Change:
    name, word = dice.choice(["a", "b"]), dice.choice(["x", "y", "z"])
    deprecated = dice.random() < 0.3
    changes: list[Change] = [
        lambda unit: commands.create(unit, draft(name, word, deprecated=deprecated)),
        lambda unit: commands.create(unit, draft(name, word, deprecated=deprecated)),
        lambda unit: commands.update(unit, name, StrategyChange(title=word, parameters=[parameter(word)])),
        lambda unit: commands.update(unit, name, StrategyChange(description=word, parameters=[])),
        lambda unit: commands.deprecate(unit, name),
        lambda unit: commands.reactivate(unit, name),
        lambda unit: commands.delete(unit, name, PORTS.answer(STRATEGY_USES)),
    ]
    return dice.choice(changes)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens(log: Log, seed: int) -> None:
    log.run(commands.seed)
    dice = Random(seed)
    refused = [attempt(log, random_change(dice), kinds=KINDS) for _ in range(30)]
    assert refused.count(None) > 5
    assert check_steps(log, PORTS, kinds=KINDS) > 3


def test_nothing_leads_from_a_built_in_strategy_to_another_one() -> None:
    keeper, now = StrategyKeeper(), BUILT_IN[0].state()
    other = StrategyState(strategy=replace(now.strategy, description="Another one"))
    for before, after in ((now, None), (None, now), (now, other)):
        with pytest.raises(InvalidOperation, match="built-in"):
            keeper.steps("strategy/flexibleRollout", before, after)
    assert keeper.steps("strategy/flexibleRollout", None, None) == []
