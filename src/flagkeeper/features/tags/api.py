"""The API of tags and tag types: parse, run, answer."""

from urllib.parse import quote

from litestar import Response
from litestar.params import FromPath

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.tags import commands, queries
from flagkeeper.features.tags.model import check_tag_type
from flagkeeper.features.tags.ports import TaggedFlags
from flagkeeper.features.tags.schemas import (
    OneTag,
    TagList,
    TagTypeBody,
    TagTypeChangeBody,
    TagTypeList,
    TagTypeOut,
    ValidTagType,
    shown,
)
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import NameExists
from flagkeeper.storage.reader import Reader

TAG = "Tags"


@route.get(
    "/api/admin/tag-types",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getTagTypes",
    summary="All tag types",
)
async def list_types(reader: Reader) -> TagTypeList:
    return TagTypeList(tag_types=[shown(each) for each in await reader.run(queries.all_tag_types)])


@route.post(
    "/api/admin/tag-types",
    permission=Permission.CREATE_TAG_TYPE,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createTagType",
    summary="Create a tag type",
    status=201,
    errors=(409,),
)
async def create_type(data: TagTypeBody, caller: Caller, units: Units) -> Response[TagTypeOut]:
    made = await units.run(caller.actor, commands.create_type, data.tag_type())
    return Response(shown(made), headers={"Location": f"tag-types/{quote(made.name, safe='')}"})


@route.post(
    "/api/admin/tag-types/validate",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="validateTagType",
    summary="Could this tag type be created?",
    status=200,
    errors=(409,),
)
async def validate_type(data: TagTypeBody, reader: Reader) -> ValidTagType:
    tag_type = data.tag_type()
    check_tag_type(tag_type)
    if await reader.run(queries.tag_type_exists, tag_type.name):
        raise NameExists(f"There is a tag type called {tag_type.name!r} already.")
    return ValidTagType(valid=True, tag_type=shown(tag_type))


@route.get(
    "/api/admin/tag-types/{name:str}",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getTagType",
    summary="One tag type",
    errors=(404,),
)
async def get_type(name: FromPath[str], reader: Reader) -> TagTypeOut:
    return shown(await reader.run(queries.tag_type, name))


@route.put(
    "/api/admin/tag-types/{name:str}",
    permission=Permission.UPDATE_TAG_TYPE,
    scope=route.INSTANCE,
    tag=TAG,
    operation="updateTagType",
    summary="Change a tag type",
    errors=(404,),
)
async def update_type(name: FromPath[str], data: TagTypeChangeBody, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.update_type, name, data.change())


@route.delete(
    "/api/admin/tag-types/{name:str}",
    permission=Permission.DELETE_TAG_TYPE,
    scope=route.INSTANCE,
    tag=TAG,
    operation="deleteTagType",
    summary="Delete a tag type with all its tags, and take them off all flags",
    status=200,
    errors=(404,),
)
async def delete_type(name: FromPath[str], caller: Caller, units: Units, tagged_flags: TaggedFlags) -> None:
    await units.run(caller.actor, commands.delete_type, name, tagged_flags)


@route.get(
    "/api/admin/tags",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getTags",
    summary="All tags",
)
async def list_tags(reader: Reader) -> TagList:
    return TagList(tags=await reader.run(queries.all_tags))


@route.post(
    "/api/admin/tags",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createTag",
    summary="Create a tag",
    status=201,
    errors=(409,),
)
async def create_tag(data: Tag, caller: Caller, units: Units) -> Response[OneTag]:
    made = await units.run(caller.actor, commands.create_tag, data)
    return Response(
        OneTag(tag=made), headers={"Location": f"tags/{quote(made.type, safe='')}/{quote(made.value, safe='')}"}
    )


@route.get(
    "/api/admin/tags/{type_:str}",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getTagsByType",
    summary="All tags of a type",
    errors=(404,),
)
async def list_tags_of_type(type_: FromPath[str], reader: Reader) -> TagList:
    return TagList(tags=await reader.run(queries.tags_of_type, type_))


@route.get(
    "/api/admin/tags/{type_:str}/{value:path}",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getTag",
    summary="One tag",
    errors=(404,),
)
async def get_tag(type_: FromPath[str], value: FromPath[str], reader: Reader) -> OneTag:
    return OneTag(tag=await reader.run(queries.tag, type_, value.removeprefix("/")))


@route.delete(
    "/api/admin/tags/{type_:str}/{value:path}",
    permission=Permission.UPDATE_FEATURE,
    scope=route.INSTANCE,
    tag=TAG,
    operation="deleteTag",
    summary="Delete a tag, and take it off all flags",
    status=200,
    errors=(404,),
)
async def delete_tag(
    type_: FromPath[str], value: FromPath[str], caller: Caller, units: Units, tagged_flags: TaggedFlags
) -> None:
    await units.run(caller.actor, commands.delete_tag, type_, value.removeprefix("/"), tagged_flags)


ROUTES = [
    list_types,
    create_type,
    validate_type,
    get_type,
    update_type,
    delete_type,
    list_tags,
    create_tag,
    list_tags_of_type,
    get_tag,
    delete_tag,
]
