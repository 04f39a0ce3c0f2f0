"""The rules of projects: health, and the strategy of a flag that is switched on without one."""

import pytest

from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.features.projects.model import Project, check_default_strategy, first_project, health, strategy_for
from flagkeeper.kernel.errors import BadData


def strategy(name: str = "flexibleRollout", **parameters: str) -> DefaultStrategyData:
    return DefaultStrategyData(
        name=name, title=None, disabled=False, constraints=[], parameters=parameters, variants=[], segments=[]
    )


@pytest.fixture
def project() -> Project:
    return first_project(0)


@pytest.mark.parametrize(
    ("flags", "stale", "potentially_stale", "expected"),
    [(0, 0, 0, 100), (4, 0, 0, 100), (4, 1, 0, 75), (4, 1, 1, 50), (3, 1, 0, 67), (2, 2, 0, 0), (2, 2, 1, 0)],
)
def test_health_is_the_share_of_fresh_flags(flags: int, stale: int, potentially_stale: int, expected: int) -> None:
    assert health(flags=flags, stale=stale, potentially_stale=potentially_stale) == expected


def test_without_an_own_default_a_flag_is_on_for_everybody(project: Project) -> None:
    found = strategy_for(project, None, "checkout")
    assert found == strategy(rollout="100", stickiness="default", groupId="checkout")


def test_the_own_default_keeps_what_it_says_and_gets_the_rest(project: Project) -> None:
    found = strategy_for(project, strategy(rollout="25", stickiness="", extra="kept"), "checkout")
    assert found.parameters == {"rollout": "25", "stickiness": "default", "groupId": "checkout", "extra": "kept"}


def test_only_a_gradual_rollout_can_be_the_default() -> None:
    check_default_strategy(strategy())
    with pytest.raises(BadData) as caught:
        check_default_strategy(strategy("userWithId"))
    assert caught.value.details[0].path == "/body/name"
