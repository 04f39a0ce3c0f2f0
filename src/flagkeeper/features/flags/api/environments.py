"""Flags in environments, and switching them."""

from typing import Annotated

from litestar.params import QueryParameter

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.flags import queries
from flagkeeper.features.flags.api.flags import FLAG, TAG
from flagkeeper.features.flags.commands import switch
from flagkeeper.features.flags.ports import HourCounts
from flagkeeper.features.flags.schemas.flags import EnvironmentOut, shown_in_environment
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

ENVIRONMENT = FLAG + "/environments/{environment:str}"
Activate = Annotated[bool, QueryParameter(name="shouldActivateDisabledStrategies")]


@route.get(
    ENVIRONMENT,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getFeatureEnvironment",
    summary="A flag in one environment",
    errors=(404,),
)
async def get_environment(
    project: str, flag: str, environment: str, reader: Reader, hour_counts: HourCounts
) -> EnvironmentOut:
    found = await reader.run(queries.environment_detail, project, flag, environment, hour_counts)
    return shown_in_environment(flag, found)


@route.post(
    ENVIRONMENT + "/on",
    permission=Permission.UPDATE_FEATURE_ENVIRONMENT,
    scope=route.PROJECT,
    tag=TAG,
    operation="toggleFeatureEnvironmentOn",
    summary="Switch a flag on; without an enabled strategy it gets the default one",
    errors=(404,),
    query={"shouldActivateDisabledStrategies": "Enable disabled strategies first"},
)
async def turn_on(
    project: str, flag: str, environment: str, caller: Caller, units: Units, activate: Activate = False
) -> None:
    await units.run(caller.actor, switch.turn_on, project, flag, environment, activate_disabled_strategies=activate)


@route.post(
    ENVIRONMENT + "/off",
    permission=Permission.UPDATE_FEATURE_ENVIRONMENT,
    scope=route.PROJECT,
    tag=TAG,
    operation="toggleFeatureEnvironmentOff",
    summary="Switch a flag off",
    errors=(404,),
)
async def turn_off(project: str, flag: str, environment: str, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, switch.turn_off, project, flag, environment)


ROUTES = [get_environment, turn_on, turn_off]
