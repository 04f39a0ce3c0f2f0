"""Strategies of flags."""

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.context_fields.queries import demand_legal_everywhere
from flagkeeper.features.flags import queries
from flagkeeper.features.flags.api.environments import ENVIRONMENT
from flagkeeper.features.flags.api.flags import TAG
from flagkeeper.features.flags.commands import strategies
from flagkeeper.features.flags.model.json_patch import Patch
from flagkeeper.features.flags.model.strategy import StrategyChange, StrategyDraft, check_constraint
from flagkeeper.features.flags.schemas.bodies import SortOrder
from flagkeeper.features.flags.schemas.flags import StrategyOut, shown_strategy
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

STRATEGIES = ENVIRONMENT + "/strategies"
STRATEGY = STRATEGIES + "/{strategy_id:str}"


@route.get(
    STRATEGIES,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getFeatureStrategies",
    summary="The strategies of a flag in an environment, in their order",
    errors=(404,),
)
async def list_strategies(project: str, flag: str, environment: str, reader: Reader) -> list[StrategyOut]:
    found = (await reader.run(queries.environment_of_flag, project, flag, environment)).strategies
    return [shown_strategy(flag, each) for each in found]


@route.get(
    STRATEGY,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getFeatureStrategy",
    summary="One strategy",
    errors=(404,),
)
async def get_strategy(project: str, flag: str, environment: str, strategy_id: str, reader: Reader) -> StrategyOut:
    found = await reader.run(queries.environment_of_flag, project, flag, environment)
    return shown_strategy(flag, found.strategy(strategy_id))


@route.post(
    STRATEGIES,
    permission=Permission.CREATE_FEATURE_STRATEGY,
    scope=route.PROJECT,
    tag=TAG,
    operation="addFeatureStrategy",
    summary="Add a strategy",
    errors=(404,),
)
async def add_strategy(
    project: str, flag: str, environment: str, data: StrategyDraft, caller: Caller, units: Units
) -> StrategyOut:
    return shown_strategy(flag, await units.run(caller.actor, strategies.add, project, flag, environment, data))


@route.put(
    STRATEGY,
    permission=Permission.UPDATE_FEATURE_STRATEGY,
    scope=route.PROJECT,
    tag=TAG,
    operation="updateFeatureStrategy",
    summary="Change a strategy; what is left out stays",
    errors=(404,),
)
async def update_strategy(
    project: str, flag: str, environment: str, strategy_id: str, data: StrategyChange, caller: Caller, units: Units
) -> StrategyOut:
    new = await units.run(caller.actor, strategies.update, project, flag, environment, strategy_id, data)
    return shown_strategy(flag, new)


@route.patch(
    STRATEGY,
    permission=Permission.UPDATE_FEATURE_STRATEGY,
    scope=route.PROJECT,
    tag=TAG,
    operation="patchFeatureStrategy",
    summary="Change a strategy by a JSON Patch",
    errors=(404,),
)
async def patch_strategy(
    project: str, flag: str, environment: str, strategy_id: str, data: route.ListOf[Patch], caller: Caller, units: Units
) -> StrategyOut:
    new = await units.run(caller.actor, strategies.patch, project, flag, environment, strategy_id, data)
    return shown_strategy(flag, new)


@route.delete(
    STRATEGY,
    permission=Permission.DELETE_FEATURE_STRATEGY,
    scope=route.PROJECT,
    tag=TAG,
    operation="deleteFeatureStrategy",
    summary="Remove a strategy; a flag that loses its last enabled one is switched off",
    status=200,
    errors=(404,),
)
async def remove_strategy(
    project: str, flag: str, environment: str, strategy_id: str, caller: Caller, units: Units
) -> None:
    await units.run(caller.actor, strategies.remove, project, flag, environment, strategy_id)


@route.post(
    STRATEGIES + "/set-sort-order",
    permission=Permission.UPDATE_FEATURE_STRATEGY,
    scope=route.PROJECT,
    tag=TAG,
    operation="setStrategySortOrder",
    summary="Put strategies in an order",
    errors=(404,),
)
async def set_sort_order(
    project: str, flag: str, environment: str, data: route.ListOf[SortOrder], caller: Caller, units: Units
) -> None:
    order = {each.id: each.sort_order for each in data}
    await units.run(caller.actor, strategies.set_order, project, flag, environment, order)


@route.post(
    "/api/admin/constraints/validate",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="validateConstraint",
    summary="Is this constraint right?",
    status=204,
)
async def validate_constraint(data: Constraint, reader: Reader) -> None:
    check_constraint(data)
    await reader.run(demand_legal_everywhere, data)


ROUTES = [
    list_strategies,
    get_strategy,
    add_strategy,
    update_strategy,
    patch_strategy,
    remove_strategy,
    set_sort_order,
    validate_constraint,
]
