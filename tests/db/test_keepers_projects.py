"""The laws of keepers and steps, on projects and what they have in environments."""

from random import Random

import pytest
from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.payload import FeatureNaming, LinkTemplate, VariantData
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.flags import commands as flags
from flagkeeper.features.flags.commands import archive, switch
from flagkeeper.features.flags.queries import project_flags
from flagkeeper.features.flags.queries.rules import strategy_rules
from flagkeeper.features.projects import commands
from flagkeeper.features.projects.keeper import ProjectEnvironmentKeeper, ProjectKeeper
from flagkeeper.features.projects.model import (
    Mode,
    NewProject,
    ProjectChange,
    ProjectEnvironmentState,
    first_project,
)
from flagkeeper.features.projects.ports import FLAG_ENVIRONMENTS, PROJECT_FLAGS, STRATEGY_RULES
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import BadData, Conflict, InvalidOperation, NameExists, NotFound
from tests.flags import make, seed
from tests.keeping import StandingIn, check_steps
from tests.log import Log
from tests.story import SEEDS, Change, attempt, tell

KINDS = {"environment", "project", "project-environment"}
PORTS = StandingIn({FLAG_ENVIRONMENTS: flags, STRATEGY_RULES: strategy_rules, PROJECT_FLAGS: project_flags})


def rollout(percentage: str = "50", *variants: str, segments: tuple[int, ...] = ()) -> DefaultStrategyData:
    return DefaultStrategyData(
        name="flexibleRollout",
        title=None,
        disabled=False,
        constraints=[],
        parameters={"rollout": percentage},
        variants=[
            VariantData(name=name, weight=500, weight_type="variable", stickiness="default") for name in variants
        ],
        segments=list(segments),
    )


def add(environment: str, strategy: DefaultStrategyData | None = None) -> Change:
    return lambda unit: commands.add_environment(
        unit, "default", environment, strategy, PORTS.answer(FLAG_ENVIRONMENTS), PORTS.answer(STRATEGY_RULES)
    )


def remove(environment: str) -> Change:
    return lambda unit: commands.remove_environment(unit, "default", environment, PORTS.answer(FLAG_ENVIRONMENTS))


def default(environment: str, strategy: DefaultStrategyData) -> Change:
    return lambda unit: commands.set_default_strategy(
        unit, "default", environment, strategy, PORTS.answer(STRATEGY_RULES)
    )


def reset(environment: str) -> Change:
    return lambda unit: commands.reset_default_strategy(unit, "default", environment)


def test_the_first_start(log: Log) -> None:
    tell(log, [environments.seed, commands.seed], kinds=KINDS)
    assert check_steps(log, PORTS, kinds=KINDS) == 0


def test_every_command(log: Log) -> None:
    seed(log)
    segment = log.run(segments.create, SegmentDraft(name="s", description=None, constraints=[], project="default"))
    make(log)
    make(log, "old")
    for environment in ("development", "production"):
        log.run(switch.turn_on, "default", "checkout", environment)
    log.run(archive.archive, "default", "old")
    story = [
        default("development", rollout("25")),
        default("development", rollout("25")),
        default("development", rollout("30", "b", "a", segments=(segment.id,))),
        reset("development"),
        reset("development"),
        default("production", rollout("100")),
        remove("production"),
        add("production"),
        default("production", rollout("10", "y", "x")),
        remove("production"),
        add("production", rollout("20", "d", "c", segments=(segment.id,))),
        lambda unit: environments.set_enabled(unit, "production", False),
    ]
    tell(log, story, kinds=KINDS)
    assert check_steps(log, PORTS, kinds=KINDS) == 9


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (add("development"), Conflict),
        (add("nowhere"), NotFound),
        (remove("nowhere"), NotFound),
        (reset("nowhere"), NotFound),
        (default("development", rollout(segments=(7,))), NotFound),
        (default("development", replace(rollout(), name="default")), BadData),
        (lambda unit: [remove(each)(unit) for each in ("development", "production")], BadData),
    ],
)
def test_what_is_refused_is_refused_in_a_rehearsal_too(log: Log, change: Change, error: type[Exception]) -> None:
    seed(log)
    assert isinstance(attempt(log, change, kinds=KINDS), error)


def random_change(dice: Random) -> Change:
    environment = dice.choice(["development", "production"])
    strategy = rollout(str(dice.randrange(3)), *dice.choice([(), ("b", "a"), ("a", "c")]))
    changes = [
        add("production", dice.choice([None, strategy])),
        remove("production"),
        default(environment, strategy),
        reset(environment),
        lambda unit: switch.turn_on(unit, "default", "checkout", environment),
    ]
    return dice.choice(changes)


@pytest.mark.slow
@pytest.mark.parametrize("dice", SEEDS)
def test_whatever_happens(log: Log, dice: int) -> None:
    seed(log)
    make(log)
    thrown = Random(dice)
    refused = [attempt(log, random_change(thrown), kinds=KINDS) for _ in range(30)]
    assert refused.count(None) > 5
    assert check_steps(log, PORTS, kinds=KINDS) > 3


def test_what_a_state_refers_to() -> None:
    keeper = ProjectEnvironmentKeeper()
    state = ProjectEnvironmentState(default_strategy=rollout(segments=(1, 2)))
    there = ["project/p", "environment/e"]
    assert list(keeper.refers("project/p/e", replace(state, default_strategy=None))) == there
    used = ["strategy/flexibleRollout", "segment/1", "segment/2"]
    assert list(keeper.refers("project/p/e", state)) == there + used


def test_projects_themselves(log: Log) -> None:
    seed(log)
    flags = PORTS.answer(PROJECT_FLAGS)
    naming = FeatureNaming(pattern="[a-z]+", example="a", description=None)
    links = [LinkTemplate(title=None, url_template="https://a.test/{{feature}}")]
    closed = ProjectChange(mode=Mode.PRIVATE, feature_naming=naming, link_templates=links, feature_limit=2)
    story: list[Change] = [
        lambda unit: commands.create(unit, NewProject(name="Shop", environments=["development"])),
        lambda unit: commands.change(unit, "shop", closed, flags),
        lambda unit: commands.change(unit, "shop", closed, flags),
        lambda unit: commands.archive(unit, "shop", flags),
        lambda unit: commands.revive(unit, "shop"),
        lambda unit: commands.change(unit, "shop", ProjectChange(name="Store", description="x"), flags),
        lambda unit: commands.archive(unit, "shop", flags),
        lambda unit: commands.drop(unit, "shop", flags),
    ]
    tell(log, story, kinds=KINDS, actor=SYSTEM)
    assert check_steps(log, PORTS, kinds={"project"}) == 6, "every state comes back from nothing"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda unit: commands.archive(unit, "default", PORTS.answer(PROJECT_FLAGS)), InvalidOperation),
        (lambda unit: commands.drop(unit, "default", PORTS.answer(PROJECT_FLAGS)), InvalidOperation),
        (lambda unit: commands.revive(unit, "nowhere"), NotFound),
        (lambda unit: commands.restore(unit, first_project(0).state()), NameExists),
    ],
)
def test_what_projects_refuse(log: Log, change: Change, error: type[Exception]) -> None:
    seed(log)
    assert isinstance(attempt(log, change, kinds=KINDS), error)


def test_a_project_of_another_time_is_another_one() -> None:
    keeper, now = ProjectKeeper(), first_project(0).state()
    assert keeper.steps("project/default", now, now) == []
    with pytest.raises(InvalidOperation, match="another one"):
        keeper.steps("project/default", now, first_project(1).state())
