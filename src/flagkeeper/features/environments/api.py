"""The environments API: parse, run, answer."""

from litestar import Response
from litestar.params import FromPath, FromQuery

from flagkeeper.eventlog.query import EVERYTHING, Visibility
from flagkeeper.eventlog.step import Step
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.environments import commands, queries
from flagkeeper.features.environments.model import check_name
from flagkeeper.features.environments.ports import EnvironmentUses
from flagkeeper.features.environments.queries import UsedEnvironment
from flagkeeper.features.environments.schemas import (
    CloneBody,
    EnvironmentBody,
    EnvironmentList,
    EnvironmentName,
    EnvironmentOut,
    NewEnvironmentBody,
    shown,
)
from flagkeeper.features.environments.steps import CLONE, DELETE_WITH_ALL, Named
from flagkeeper.features.undertakings.ports import Undertaker
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import NameExists
from flagkeeper.storage.reader import Reader

TAG = "Environments"


@route.get(
    "/api/admin/environments",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getAllEnvironments",
    summary="All environments",
)
async def list_environments(
    reader: Reader, environment_uses: EnvironmentUses, visibility: Visibility
) -> EnvironmentList:
    found = await reader.run(queries.all_with_uses, environment_uses, visibility)
    return EnvironmentList(environments=[shown(each) for each in found])


@route.get(
    "/api/admin/environments/{name:str}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getEnvironment",
    summary="One environment",
    errors=(404,),
)
async def get_environment(
    name: FromPath[str], reader: Reader, environment_uses: EnvironmentUses, visibility: Visibility
) -> EnvironmentOut:
    return shown(await reader.run(queries.environment_with_uses, name, environment_uses, visibility))


@route.post(
    "/api/admin/environments/validate",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
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
    scope=route.INSTANCE,
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
    scope=route.INSTANCE,
    tag=TAG,
    operation="toggleEnvironmentOff",
    summary="Turn an environment off",
    status=204,
    errors=(404,),
)
async def turn_off(name: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.set_enabled, name, False)


@route.post(
    "/api/admin/environments",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createEnvironment",
    summary="Create an environment; projects take it when they want to",
    status=201,
    errors=(409,),
)
async def create_environment(data: NewEnvironmentBody, caller: Caller, units: Units) -> Response[EnvironmentOut]:
    made = await units.run(caller.actor, commands.create, data.draft())
    answer = shown(UsedEnvironment(environment=made, projects=0, tokens=0, enabled_flags=0))
    return Response(answer, headers={"Location": f"environments/{made.name}"})


@route.put(
    "/api/admin/environments/update/{name:str}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="updateEnvironment",
    summary="Change an environment's type, its place, or how many approvals a change in it needs",
    errors=(404,),
)
async def update_environment(
    name: FromPath[str],
    data: EnvironmentBody,
    caller: Caller,
    units: Units,
    reader: Reader,
    environment_uses: EnvironmentUses,
) -> EnvironmentOut:
    await units.run(caller.actor, commands.update, name, data.change())
    return shown(await reader.run(queries.environment_with_uses, name, environment_uses, EVERYTHING))


@route.delete(
    "/api/admin/environments/{name:str}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="removeEnvironment",
    summary="Delete an environment that no project has and no token reads",
    status=200,
    errors=(404, 409),
    query={"force": "Take it away from projects and flags first, and revoke the tokens that read it"},
)
async def delete_environment(
    name: FromPath[str],
    caller: Caller,
    units: Units,
    environment_uses: EnvironmentUses,
    undertakings: Undertaker,
    force: FromQuery[bool] = False,
) -> None:
    if not force:
        await units.run(caller.actor, commands.delete, name, environment_uses)
        return
    step = Step(DELETE_WITH_ALL.name, Named(name=name))
    await undertakings.carry_out(units, caller.actor, f"environment/{name}", step)


@route.post(
    "/api/admin/environments/{name:str}/clone",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="cloneEnvironment",
    summary="Create an environment with what projects and flags have in another one",
    errors=(404, 409),
)
async def clone_environment(
    name: FromPath[str],
    data: CloneBody,
    caller: Caller,
    units: Units,
    reader: Reader,
    environment_uses: EnvironmentUses,
    undertakings: Undertaker,
) -> EnvironmentOut:
    step = Step(CLONE.name, data.copy(name))
    await undertakings.carry_out(units, caller.actor, f"environment/{data.name}", step)
    return shown(await reader.run(queries.environment_with_uses, data.name, environment_uses, EVERYTHING))


@route.put(
    "/api/admin/environments/sort-order",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="updateSortOrder",
    summary="Give environments a new order",
    errors=(404,),
)
async def set_sort_orders(data: dict[str, int], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.set_sort_orders, data)


ROUTES = [
    list_environments,
    get_environment,
    validate_name,
    create_environment,
    update_environment,
    delete_environment,
    clone_environment,
    turn_on,
    turn_off,
    set_sort_orders,
]
