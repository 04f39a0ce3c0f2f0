"""Tags and tag types on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.features.tags.model import TagType, TagTypeChange


class TagTypeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends to create a tag type."""

    name: str
    description: str = ""
    icon: str | None = None
    color: str | None = None

    def tag_type(self) -> TagType:
        return TagType(name=self.name, description=self.description, icon=self.icon, color=self.color)


class TagTypeChangeBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sends to change a tag type."""

    description: str | UnsetType = UNSET
    icon: str | UnsetType | None = UNSET
    color: str | UnsetType | None = UNSET

    def change(self) -> TagTypeChange:
        return TagTypeChange(description=self.description, icon=self.icon, color=self.color)


class TagTypeOut(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    description: str
    icon: str | None
    color: str | None


class TagTypeList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    version: int = 1
    tag_types: list[TagTypeOut]


class ValidTagType(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    valid: bool
    tag_type: TagTypeOut


class TagList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    tags: list[Tag]


class OneTag(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    tag: Tag


def shown(tag_type: TagType) -> TagTypeOut:
    return TagTypeOut(name=tag_type.name, description=tag_type.description, icon=tag_type.icon, color=tag_type.color)
