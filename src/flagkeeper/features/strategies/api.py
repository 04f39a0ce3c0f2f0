"""The API of strategy definitions: parse, run, answer."""

from functools import partial
from urllib.parse import quote

from litestar import Response
from litestar.params import FromPath

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.strategies import commands, queries
from flagkeeper.features.strategies.ports import StrategyUses
from flagkeeper.features.strategies.schemas import (
    StrategyBody,
    StrategyChangeBody,
    StrategyList,
    StrategyOut,
    shown,
)
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Strategies"


@route.get(
    "/api/admin/strategies",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getAllStrategies",
    summary="All strategy definitions",
)
async def list_strategies(reader: Reader) -> StrategyList:
    return StrategyList(strategies=[shown(each) for each in await reader.run(queries.all_strategies)])


@route.get(
    "/api/admin/strategies/{name:str}",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getStrategy",
    summary="One strategy definition",
    errors=(404,),
)
async def get_strategy(name: FromPath[str], reader: Reader) -> StrategyOut:
    return shown(await reader.run(queries.strategy, name))


@route.post(
    "/api/admin/strategies",
    permission=Permission.CREATE_STRATEGY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createStrategy",
    summary="Create a strategy definition",
    status=201,
    errors=(409,),
)
async def create_strategy(data: StrategyBody, caller: Caller, units: Units) -> Response[StrategyOut]:
    made = await units.run(caller.actor, commands.create, data.draft())
    return Response(shown(made), headers={"Location": f"strategies/{quote(made.name, safe='')}"})


@route.put(
    "/api/admin/strategies/{name:str}",
    permission=Permission.UPDATE_STRATEGY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="updateStrategy",
    summary="Change a strategy definition of your own",
    errors=(404,),
)
async def update_strategy(name: FromPath[str], data: StrategyChangeBody, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.update, name, data.change())


@route.delete(
    "/api/admin/strategies/{name:str}",
    permission=Permission.DELETE_STRATEGY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="removeStrategy",
    summary="Delete a strategy definition that no flag uses",
    status=200,
    errors=(404, 409),
)
async def delete_strategy(
    name: FromPath[str], caller: Caller, units: Units, strategy_uses: StrategyUses, visibility: Visibility
) -> None:
    await units.run(caller.actor, commands.delete, name, partial(strategy_uses, visibility=visibility))


@route.post(
    "/api/admin/strategies/{strategy_name:str}/deprecate",
    permission=Permission.UPDATE_STRATEGY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="deprecateStrategy",
    summary="Offer a strategy no longer; flags that use it keep it",
    status=200,
    errors=(404,),
)
async def deprecate_strategy(strategy_name: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.deprecate, strategy_name)


@route.post(
    "/api/admin/strategies/{strategy_name:str}/reactivate",
    permission=Permission.UPDATE_STRATEGY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="reactivateStrategy",
    summary="Offer a deprecated strategy again",
    status=200,
    errors=(404,),
)
async def reactivate_strategy(strategy_name: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.reactivate, strategy_name)


ROUTES = [
    list_strategies,
    get_strategy,
    create_strategy,
    update_strategy,
    delete_strategy,
    deprecate_strategy,
    reactivate_strategy,
]
