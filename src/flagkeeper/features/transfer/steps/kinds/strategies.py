"""Definitions of strategies."""

from collections.abc import Collection

from flagkeeper.eventlog.catalogue.strategy import StrategyParameterData
from flagkeeper.features.strategies.model import ParameterType, Strategy, StrategyDraft, check
from flagkeeper.features.strategies.steps import DELETE, Named
from flagkeeper.features.transfer.model.document import StrategyItem, items
from flagkeeper.features.transfer.steps import ops
from flagkeeper.features.transfer.steps.planning import Planning, Stage
from flagkeeper.kernel.errors import BadData, Detail


def plan(p: Planning) -> None:
    p.announce("strategies", Stage.STRATEGIES, p.world.strategies)
    found = items(p.document.strategies)
    p.definitions_after = {
        name: each for name, each in p.world.strategies.items() if each.built_in or not p.drops("strategies")
    }
    for number, each in enumerate(found):
        place, draft = f"/body/strategies/{number}", _draft(each)
        with p.at(place):
            check(draft.strategy())
        for at, parameter in enumerate(each.parameters):
            if parameter.type not in list(ParameterType):
                message = f"A parameter is one of {', '.join(ParameterType)}, not {parameter.type!r}."
                p.fault(message, f"{place}/parameters/{at}/type")
        p.add(Stage.STRATEGIES, ops.BRING_DEFINITION, ops.BringDefinition(draft=draft, existing=p.existing))
        old = p.definitions_after.get(each.name)
        if old is None or not (old.built_in or p.keeps):
            p.definitions_after[each.name] = draft.strategy()
    p.once("strategies", [each.name for each in found])
    for name in sorted(p.world.strategies.keys() - p.definitions_after.keys()):
        used = sorted(flag for flag in p.staying if name in p.world.uses.strategies.get(flag, ()))
        if used:
            p.fault(f"The strategy {name!r} would be dropped, and flags use it: {used[:10]}.", "/body/strategies")
        p.add(Stage.STRATEGIES_GO, DELETE, Named(name=name))


def percentages(p: Planning, name: str) -> Collection[str]:
    """The parameters of a strategy that are percentages. Raises `BadData` when there will be no such strategy."""
    definition: Strategy | None = p.definitions_after.get(name)
    if definition is None:
        message = f"There is no strategy called {name!r}. Define it first."
        raise BadData(message, Detail(message, "/body/strategyName"))
    return {each.name for each in definition.parameters if each.type == ParameterType.PERCENTAGE}


def _draft(item: StrategyItem) -> StrategyDraft:
    return StrategyDraft(
        name=item.name,
        title=item.title,
        description=item.description,
        parameters=[
            StrategyParameterData(name=one.name, type=one.type, description=one.description, required=one.required)
            for one in item.parameters
        ],
        deprecated=item.deprecated,
    )
