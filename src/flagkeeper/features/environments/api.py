"""The environments API: parse, run, answer."""

from litestar.params import FromPath

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.environments import commands, queries
from flagkeeper.features.environments.model import check_name
from flagkeeper.features.environments.ports import EnvironmentUses
from flagkeeper.features.environments.schemas import (
    EnvironmentList,
    EnvironmentName,
    EnvironmentOut,
    shown,
)
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import NameExists
from flagkeeper.storage.reader import Reader

TAG = "Environments"


@route.get(
    "/api/admin/environments",
    permission=route.ANYBODY,
    tag=TAG,
    operation="getAllEnvironments",
    summary="All environments",
)
async def list_environments(reader: Reader, environment_uses: EnvironmentUses) -> EnvironmentList:
    found = await reader.run(queries.all_with_uses, environment_uses)
    return EnvironmentList(environments=[shown(each) for each in found])


@route.get(
    "/api/admin/environments/{name:str}",
    permission=route.ANYBODY,
    tag=TAG,
    operation="getEnvironment",
    summary="One environment",
    errors=(404,),
)
async def get_environment(name: FromPath[str], reader: Reader, environment_uses: EnvironmentUses) -> EnvironmentOut:
    return shown(await reader.run(queries.environment_with_uses, name, environment_uses))


@route.post(
    "/api/admin/environments/validate",
    permission=route.ANYBODY,
    tag=TAG,
    operation="validateEnvironmentName",
    summary="Is this name possible and free?",
    errors=(409,),
)
async def validate_name(data: EnvironmentName, reader: Reader) -> None:
    check_name(data.name)
    if await reader.run(queries.name_is_taken, data.name):
        raise NameExists(f"There is an environment called {data.name!r} already.")


@route.post(
    "/api/admin/environments/{name:str}/on",
    permission=Permission.ADMIN,
    tag=TAG,
    operation="toggleEnvironmentOn",
    summary="Turn an environment on",
    status=204,
    errors=(404,),
)
async def turn_on(name: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.set_enabled, name, True)


@route.post(
    "/api/admin/environments/{name:str}/off",
    permission=Permission.ADMIN,
    tag=TAG,
    operation="toggleEnvironmentOff",
    summary="Turn an environment off",
    status=204,
    errors=(404,),
)
async def turn_off(name: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.set_enabled, name, False)


@route.put(
    "/api/admin/environments/sort-order",
    permission=Permission.ADMIN,
    tag=TAG,
    operation="updateSortOrder",
    summary="Give environments a new order",
    errors=(404,),
)
async def set_sort_orders(data: dict[str, int], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.set_sort_orders, data)


ROUTES = [list_environments, get_environment, validate_name, turn_on, turn_off, set_sort_orders]
