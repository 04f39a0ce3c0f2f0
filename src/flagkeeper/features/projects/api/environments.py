"""What projects have in environments."""

from litestar.params import FromPath

from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.environments.ports import EnvironmentUses
from flagkeeper.features.projects import commands, queries
from flagkeeper.features.projects.ports import FlagEnvironments, StrategyRules
from flagkeeper.features.projects.schemas import (
    DefaultStrategyBody,
    ProjectEnvironmentBody,
    ProjectEnvironmentList,
    shown_environment,
)
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Projects"


@route.get(
    "/api/admin/environments/project/{project:str}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Environments",
    operation="getProjectEnvironments",
    summary="All environments as a project sees them",
    errors=(404,),
)
async def list_project_environments(
    project: FromPath[str], reader: Reader, environment_uses: EnvironmentUses, visibility: Visibility
) -> ProjectEnvironmentList:
    found = await reader.run(queries.environments_seen_by, project, environment_uses, visibility)
    return ProjectEnvironmentList(environments=[shown_environment(each) for each in found])


@route.post(
    "/api/admin/projects/{project:str}/environments",
    permission=Permission.UPDATE_PROJECT,
    scope=route.PROJECT,
    tag=TAG,
    operation="addEnvironmentToProject",
    summary="Give a project an environment",
    errors=(404, 409),
)
async def add_environment(
    project: FromPath[str],
    data: ProjectEnvironmentBody,
    caller: Caller,
    units: Units,
    flag_environments: FlagEnvironments,
    strategy_rules: StrategyRules,
) -> None:
    await units.run(
        caller.actor,
        commands.add_environment,
        project,
        data.environment,
        data.strategy(),
        flag_environments,
        strategy_rules,
    )


@route.delete(
    "/api/admin/projects/{project:str}/environments/{environment:str}",
    permission=Permission.UPDATE_PROJECT,
    scope=route.PROJECT,
    tag=TAG,
    operation="removeEnvironmentFromProject",
    summary="Take an environment, and what its flags do there, away from a project",
    status=200,
    errors=(404,),
)
async def remove_environment(
    project: FromPath[str],
    environment: FromPath[str],
    caller: Caller,
    units: Units,
    flag_environments: FlagEnvironments,
) -> None:
    await units.run(caller.actor, commands.remove_environment, project, environment, flag_environments)


@route.post(
    "/api/admin/projects/{project:str}/environments/{environment:str}/default-strategy",
    permission=(Permission.UPDATE_PROJECT, Permission.PROJECT_DEFAULT_STRATEGY_WRITE),
    scope=route.PROJECT,
    tag=TAG,
    operation="addDefaultStrategyToProjectEnvironment",
    summary="Set the strategy of flags that are switched on without one",
    errors=(404,),
)
async def set_default_strategy(
    project: FromPath[str],
    environment: FromPath[str],
    data: DefaultStrategyBody,
    caller: Caller,
    units: Units,
    strategy_rules: StrategyRules,
) -> DefaultStrategyData:
    return await units.run(
        caller.actor, commands.set_default_strategy, project, environment, data.draft(), strategy_rules
    )


ROUTES = [list_project_environments, add_environment, remove_environment, set_default_strategy]
