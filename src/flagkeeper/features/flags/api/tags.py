"""Tags on flags. These paths do not name the project, so permissions are checked once it is known."""

from litestar import Response

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.flags import queries
from flagkeeper.features.flags.api.flags import TAG
from flagkeeper.features.flags.commands import tags
from flagkeeper.features.flags.schemas.bodies import TagChanges
from flagkeeper.features.flags.schemas.flags import TagList
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAGS = "/api/admin/features/{flag:str}/tags"


@route.get(
    TAGS,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="listTags",
    summary="The tags of a flag",
    errors=(404,),
)
async def list_tags(flag: str, reader: Reader, visibility: Visibility) -> TagList:
    return TagList(tags=await reader.run(queries.tags_of_flag, flag, visibility))


@route.post(
    TAGS,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="addTag",
    summary="Tag a flag; a new tag is created first",
    status=201,
    errors=(404,),
)
async def add_tag(
    flag: str, data: Tag, caller: Caller, units: Units, reader: Reader, visibility: Visibility
) -> Response[Tag]:
    await _demand_update(caller, reader, flag, visibility)
    kept = await units.run(caller.actor, tags.add, flag, data)
    return Response(kept, headers={"location": f"{flag}/tags"})


@route.put(
    TAGS,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="updateTags",
    summary="Add and remove tags of a flag",
    errors=(404,),
)
async def update_tags(
    flag: str, data: TagChanges, caller: Caller, units: Units, reader: Reader, visibility: Visibility
) -> TagList:
    await _demand_update(caller, reader, flag, visibility)
    await units.run(caller.actor, tags.update, flag, data.added_tags, data.removed_tags)
    return TagList(tags=await reader.run(queries.tags_of_flag, flag, visibility))


@route.delete(
    TAGS + "/{type:str}/{value:path}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="removeTag",
    summary="Take a tag off a flag",
    status=200,
    errors=(404,),
)
async def remove_tag(
    flag: str,
    type: str,  # noqa: A002 - the name in the path
    value: str,
    caller: Caller,
    units: Units,
    reader: Reader,
    visibility: Visibility,
) -> None:
    await _demand_update(caller, reader, flag, visibility)
    await units.run(caller.actor, tags.remove, flag, Tag(type=type, value=value.removeprefix("/")))


async def _demand_update(caller: Caller, reader: Reader, flag: str, visibility: Visibility) -> None:
    """Raises `NotFound`, or `PermissionDenied` for somebody who may not change the flag."""
    found = await reader.run(queries.visible_flag, flag, visibility)
    caller.demand(Permission.UPDATE_FEATURE, project=found.project)


ROUTES = [list_tags, add_tag, update_tags, remove_tag]
