"""The archive: one flag at a time, by name alone, so permissions are checked once its project is known."""

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.flags import queries
from flagkeeper.features.flags.commands import archive
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.reader import Reader

TAG = "Archive"


@route.post(
    "/api/admin/archive/revive/{flag:str}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="reviveFeature",
    summary="Bring a flag back, switched off everywhere",
    errors=(404,),
)
async def revive_flag(flag: str, caller: Caller, units: Units, reader: Reader, visibility: Visibility) -> None:
    project = await reader.run(queries.project_of_flag, flag, visibility)
    caller.demand(Permission.UPDATE_FEATURE, project=project)
    if project is None:
        raise NotFound(f"There is no flag called {flag!r}.")
    await units.run(caller.actor, archive.revive, project, flag)


@route.delete(
    "/api/admin/archive/{flag:str}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="deleteFeature",
    summary="Delete an archived flag for good; any other is left alone",
    status=200,
)
async def delete_flag(flag: str, caller: Caller, units: Units, reader: Reader, visibility: Visibility) -> None:
    project = await reader.run(queries.project_of_flag, flag, visibility)
    caller.demand(Permission.DELETE_FEATURE, project=project)
    if project is not None:
        await units.run(caller.actor, archive.delete, project, flag)


ROUTES = [revive_flag, delete_flag]
