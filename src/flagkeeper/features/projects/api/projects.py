"""The projects API: parse, run, answer."""

from litestar import Response
from litestar.params import FromPath, FromQuery

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.step import Step
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.projects import commands, queries
from flagkeeper.features.projects.model import check_new_id
from flagkeeper.features.projects.ports import ProjectFlags
from flagkeeper.features.projects.schemas import (
    NewProjectBody,
    NewProjectOut,
    ProjectBody,
    ProjectId,
    ProjectList,
    SettingsBody,
    shown,
    shown_new,
)
from flagkeeper.features.projects.steps import DELETE_WITH_ALL, Named
from flagkeeper.features.undertakings.ports import Undertaker
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import NameExists
from flagkeeper.storage.reader import Reader

TAG = "Projects"
PROJECT = "/api/admin/projects/{project:str}"


@route.get(
    "/api/admin/projects",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getProjects",
    summary="All projects, or with `archived=true` those in the archive",
)
async def list_projects(
    reader: Reader,
    project_flags: ProjectFlags,
    visibility: Visibility,
    caller: Caller,
    archived: FromQuery[bool] = False,
) -> ProjectList:
    found = await reader.run(queries.listed, project_flags, visibility, caller.actor.user_id, archived=archived)
    return ProjectList(projects=[shown(each) for each in found])


@route.post(
    "/api/admin/projects",
    permission=Permission.CREATE_PROJECT,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createProject",
    summary="Create a project, which is yours then",
    status=201,
    errors=(409,),
    answered={"Location": "Where the project is."},
)
async def create_project(data: NewProjectBody, caller: Caller, units: Units) -> Response[NewProjectOut]:
    project, environments = await units.run(caller.actor, commands.create, data.wanted())
    return Response(shown_new(project, environments), headers={"Location": f"projects/{project.id}"})


@route.post(
    "/api/admin/projects/validate",
    permission=Permission.CREATE_PROJECT,
    scope=route.INSTANCE,
    tag=TAG,
    operation="validateProject",
    summary="Is this id possible and free?",
    errors=(409,),
)
async def validate_id(data: ProjectId, reader: Reader) -> None:
    check_new_id(data.id)
    if await reader.run(queries.id_is_taken, data.id):
        raise NameExists(f"There is a project with the id {data.id!r} already, perhaps in the archive.")


@route.put(
    PROJECT,
    permission=(Permission.UPDATE_PROJECT, Permission.PROJECT_SETTINGS_WRITE),
    scope=route.PROJECT,
    tag=TAG,
    operation="updateProject",
    summary="Change what a project is; what is left out stays",
    errors=(404,),
)
async def update_project(
    project: FromPath[str], data: ProjectBody, caller: Caller, units: Units, project_flags: ProjectFlags
) -> None:
    await units.run(caller.actor, commands.change, project, data.change(), project_flags)


@route.put(
    PROJECT + "/settings",
    permission=(Permission.UPDATE_PROJECT, Permission.PROJECT_SETTINGS_WRITE),
    scope=route.PROJECT,
    tag=TAG,
    operation="updateProjectEnterpriseSettings",
    summary="Change who may work in a project, and what it wants of its flags; what is left out stays",
    errors=(404,),
)
async def update_settings(
    project: FromPath[str], data: SettingsBody, caller: Caller, units: Units, project_flags: ProjectFlags
) -> None:
    await units.run(caller.actor, commands.change, project, data.change(), project_flags)


@route.post(
    "/api/admin/projects/archive/{project:str}",
    permission=Permission.DELETE_PROJECT,
    scope=route.PROJECT,
    tag=TAG,
    operation="archiveProject",
    summary="Put a project that has no flags in use into the archive",
    errors=(404,),
)
async def archive_project(project: FromPath[str], caller: Caller, units: Units, project_flags: ProjectFlags) -> None:
    await units.run(caller.actor, commands.archive, project, project_flags)


@route.post(
    "/api/admin/projects/revive/{project:str}",
    permission=Permission.UPDATE_PROJECT,
    scope=route.PROJECT,
    tag=TAG,
    operation="reviveProject",
    summary="Bring a project back from the archive",
    errors=(404,),
)
async def revive_project(project: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.revive, project)


@route.delete(
    PROJECT,
    permission=Permission.DELETE_PROJECT,
    scope=route.PROJECT,
    tag=TAG,
    operation="deleteProject",
    summary="Delete a project that has no flags in use, with all that is in it",
    status=200,
    errors=(404, 409),
)
async def delete_project(project: FromPath[str], caller: Caller, units: Units, undertakings: Undertaker) -> None:
    step = Step(DELETE_WITH_ALL.name, Named(project=project))
    await undertakings.carry_out(units, caller.actor, f"project/{project}", step)


@route.post(
    "/api/admin/projects/{project:str}/favorites",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Features",
    operation="addFavoriteProject",
    summary="Make a project one of your favourites",
    status=200,
    errors=(404,),
)
async def add_favorite(project: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.add_favorite, project)


@route.delete(
    "/api/admin/projects/{project:str}/favorites",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Features",
    operation="removeFavoriteProject",
    summary="Take a project out of your favourites",
    status=200,
    errors=(404,),
)
async def remove_favorite(project: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.remove_favorite, project)


ROUTES = [
    list_projects,
    create_project,
    validate_id,
    update_project,
    update_settings,
    archive_project,
    revive_project,
    delete_project,
    add_favorite,
    remove_favorite,
]
