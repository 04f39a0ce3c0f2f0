"""Changes of tags and tag types as steps."""

import msgspec

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import TagData
from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.features.tags import commands
from flagkeeper.features.tags.model import TagType, TagTypeChange
from flagkeeper.features.tags.ports import TAGGED_FLAGS
from flagkeeper.http.permissions import Permission


class UpdateType(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    change: TagTypeChange


class DeleteType(msgspec.Struct, frozen=True, kw_only=True):
    name: str


CREATE_TYPE = Op(
    name="tag-type.create",
    payload=TagType,
    run=lambda unit, tag_type, _ports: commands.create_type(unit, tag_type),
    demands=lambda _tag_type: ((Demand(Permission.CREATE_TAG_TYPE),),),
    operation="createTagType",
)
UPDATE_TYPE = Op(
    name="tag-type.update",
    payload=UpdateType,
    run=lambda unit, wanted, _ports: commands.update_type(unit, wanted.name, wanted.change),
    demands=lambda _wanted: ((Demand(Permission.UPDATE_TAG_TYPE),),),
    operation="updateTagType",
)
DELETE_TYPE = Op(
    name="tag-type.delete",
    payload=DeleteType,
    run=lambda unit, wanted, ports: commands.delete_type(unit, wanted.name, ports.answer(TAGGED_FLAGS)),
    demands=lambda _wanted: ((Demand(Permission.DELETE_TAG_TYPE),),),
    operation="deleteTagType",
)
CREATE_TAG = Op(
    name="tag.create",
    payload=TagData,
    run=lambda unit, tag, _ports: commands.create_tag(unit, Tag(tag.type, tag.value)),
    demands=lambda _tag: (),
    operation="createTag",
)
DELETE_TAG = Op(
    name="tag.delete",
    payload=TagData,
    run=lambda unit, tag, ports: commands.delete_tag(unit, tag.type, tag.value, ports.answer(TAGGED_FLAGS)),
    demands=lambda _tag: ((Demand(Permission.UPDATE_FEATURE),),),
    operation="deleteTag",
)
OPS = (CREATE_TYPE, UPDATE_TYPE, DELETE_TYPE, CREATE_TAG, DELETE_TAG)
