"""Flags themselves."""

from typing import Annotated

from litestar.params import FromQuery, QueryParameter
from msgspec import UNSET

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.flags import queries
from flagkeeper.features.flags.commands import archive, create, legacy, metadata, move
from flagkeeper.features.flags.model.flag import FlagChange, FlagDraft, OldFlagChange
from flagkeeper.features.flags.model.json_patch import Patch
from flagkeeper.features.flags.ports import HourCounts
from flagkeeper.features.flags.schemas.bodies import CloneBody, FlagName, MoveBody
from flagkeeper.features.flags.schemas.flags import (
    FlagDetailOut,
    FlagList,
    FlagOut,
    shown,
    shown_in_detail,
    shown_in_list,
)
from flagkeeper.features.tags.model import read_tag
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Features"
FLAGS = "/api/admin/projects/{project:str}/features"
FLAG = FLAGS + "/{flag:str}"
Prefix = Annotated[str, QueryParameter(name="namePrefix")]


@route.get(
    FLAGS,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getFeatures",
    summary="The flags of a project",
    errors=(404,),
    query={"namePrefix": "Flags whose names begin so", "tag": "Flags with this tag, `type:value`, or one of several"},
)
async def list_flags(
    project: str, reader: Reader, caller: Caller, prefix: Prefix = "", tag: FromQuery[list[str] | None] = None
) -> FlagList:
    having = [read_tag(each) for each in tag or ()]
    found = await reader.run(queries.flags_of_project, project, caller.actor.user_id, prefix=prefix, having=having)
    return FlagList(features=[shown_in_list(each) for each in found])


@route.post(
    FLAGS,
    permission=Permission.CREATE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="createFeature",
    summary="Create a flag, off in every environment",
    status=201,
    errors=(404, 409),
)
async def create_flag(project: str, data: FlagDraft, caller: Caller, units: Units) -> FlagOut:
    return shown(await units.run(caller.actor, create.create, project, data))


@route.post(
    "/api/admin/features/validate",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="validateFeature",
    summary="Is this name possible and free?",
    errors=(404, 409),
)
async def validate_name(data: FlagName, reader: Reader, visibility: Visibility) -> None:
    await reader.run(queries.demand_possible_name, data.name, data.project_id, visibility)


@route.get(
    FLAG,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getFeature",
    summary="One flag with its environments, strategies and tags",
    errors=(404,),
)
async def get_flag(project: str, flag: str, reader: Reader, hour_counts: HourCounts, caller: Caller) -> FlagDetailOut:
    user_id = caller.actor.user_id
    return shown_in_detail(await reader.run(queries.flag_detail, project, flag, hour_counts, user_id))


@route.put(
    FLAG,
    permission=Permission.UPDATE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="updateFeature",
    summary="Change the details of a flag; what is left out stays",
    errors=(404,),
)
async def update_flag(project: str, flag: str, data: FlagChange, caller: Caller, units: Units) -> FlagOut:
    return shown(await units.run(caller.actor, metadata.update, project, flag, data))


@route.patch(
    FLAG,
    permission=Permission.UPDATE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="patchFeature",
    summary="Change the details of a flag by a JSON Patch",
    errors=(404,),
)
async def patch_flag(project: str, flag: str, data: route.ListOf[Patch], caller: Caller, units: Units) -> FlagOut:
    return shown(await units.run(caller.actor, metadata.patch, project, flag, data))


@route.delete(
    FLAG,
    permission=Permission.DELETE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="archiveFeature",
    summary="Archive a flag",
    status=202,
    errors=(404,),
)
async def archive_flag(project: str, flag: str, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, archive.archive, project, flag)


@route.post(
    FLAG + "/clone",
    permission=Permission.CREATE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="cloneFeature",
    summary="Create a flag with the strategies of another one",
    status=201,
    errors=(404, 409),
)
async def clone_flag(project: str, flag: str, data: CloneBody, caller: Caller, units: Units) -> FlagOut:
    copy = await units.run(caller.actor, create.clone, project, flag, data.name, replace_group_id=data.replace_group_id)
    return shown(copy)


@route.post(
    FLAG + "/changeProject",
    permission=Permission.MOVE_FEATURE_TOGGLE,
    scope=route.PROJECT,
    tag=TAG,
    operation="changeProject",
    summary="Move a flag to another project, where the same permission is needed",
    errors=(404,),
)
async def move_flag(project: str, flag: str, data: MoveBody, caller: Caller, units: Units) -> None:
    caller.demand(Permission.MOVE_FEATURE_TOGGLE, project=data.new_project_id)
    await units.run(caller.actor, move.move, project, flag, data.new_project_id)


@route.put(
    "/api/admin/features/{flag:str}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="updateFeatureOfVersion4",
    summary="Change a flag in all its environments, as version 4 did",
    errors=(404,),
    deprecated=True,
)
async def update_flag_of_version_4(
    flag: str, data: OldFlagChange, caller: Caller, units: Units, reader: Reader, visibility: Visibility
) -> FlagOut:
    found, places = await reader.run(queries.flag_with_environments, flag, visibility)
    caller.demand(Permission.UPDATE_FEATURE, project=found.project)
    for environment in places:
        for permission in _needed(data):
            caller.demand(permission, project=found.project, environment=environment)
    return shown(await units.run(caller.actor, legacy.update, found.project, flag, data))


def _needed(change: OldFlagChange) -> list[Permission]:
    """What the caller must be allowed to do in every environment."""
    needed = []
    if change.enabled is not UNSET:
        needed.append(Permission.UPDATE_FEATURE_ENVIRONMENT)
    if change.strategies is not UNSET:
        needed += [Permission.CREATE_FEATURE_STRATEGY, Permission.DELETE_FEATURE_STRATEGY]
    return needed


ROUTES = [
    list_flags,
    create_flag,
    validate_name,
    get_flag,
    update_flag,
    patch_flag,
    archive_flag,
    clone_flag,
    move_flag,
    update_flag_of_version_4,
]
