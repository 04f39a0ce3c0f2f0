"""The rules of strategy definitions."""

import msgspec
import pytest

from flagkeeper.eventlog.catalogue.strategy import StrategyParameterData
from flagkeeper.features.strategies.model import (
    BUILT_IN,
    MOST_PARAMETERS,
    Strategy,
    StrategyChange,
    StrategyDraft,
    check,
)
from flagkeeper.kernel.errors import BadData

DRAFT = StrategyDraft(name="byPlan", title=None, description=None, deprecated=False, parameters=[])


def parameter(name: str) -> StrategyParameterData:
    return StrategyParameterData(name=name, type="string", description="", required=False)


@pytest.mark.parametrize("strategy", BUILT_IN, ids=lambda strategy: strategy.name)
def test_what_is_built_in_keeps_the_rules(strategy: Strategy) -> None:
    check(strategy)


@pytest.mark.parametrize("name", ["", "..", "a b", "a/b", "x" * 101])
def test_an_impossible_name(name: str) -> None:
    with pytest.raises(BadData):
        check(msgspec.structs.replace(DRAFT, name=name).strategy())


def test_every_wrong_parameter_is_named() -> None:
    wrong = msgspec.structs.replace(DRAFT, parameters=[parameter("plan"), parameter(""), parameter("plan")])
    with pytest.raises(BadData) as caught:
        check(wrong.strategy())
    assert [detail.path for detail in caught.value.details] == ["/body/parameters/1/name", "/body/parameters/2/name"]


def test_too_many_parameters() -> None:
    many = [parameter(f"p{i}") for i in range(MOST_PARAMETERS + 1)]
    with pytest.raises(BadData, match="at most"):
        check(msgspec.structs.replace(DRAFT, parameters=many).strategy())


def test_a_change_leaves_alone_what_it_does_not_name() -> None:
    strategy = msgspec.structs.replace(DRAFT, title="Plan", description="By plan").strategy()
    change = StrategyChange(title=msgspec.UNSET, description=None, parameters=[parameter("plan")])
    changed = change.applied_to(strategy)
    assert (changed.title, changed.description, len(changed.parameters)) == ("Plan", None, 1)
