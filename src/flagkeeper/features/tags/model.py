"""What tags and tag types are. Pure."""

import re
from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import TagData
from flagkeeper.eventlog.catalogue.tag import TagTypeData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

SHORTEST = 2
LONGEST = 50
LONGEST_DESCRIPTION = 500

_NAME = re.compile(rf"[A-Za-z0-9_.!~*'()-]{{{SHORTEST},{LONGEST}}}")
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


class TagType(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    description: str
    icon: str | None
    color: str | None
    """`#RRGGBB`."""

    def payload(self) -> TagTypeData:
        """How events show it."""
        return TagTypeData(name=self.name, description=self.description, icon=self.icon, color=self.color)

    def state(self) -> "TagTypeState":
        return TagTypeState(tag_type=self.payload())


class TagTypeChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants of a tag type to change; UNSET stays as it is."""

    description: str | UnsetType = UNSET
    icon: str | UnsetType | None = UNSET
    color: str | UnsetType | None = UNSET

    def applied_to(self, tag_type: TagType) -> TagType:
        return msgspec.structs.replace(
            tag_type,
            description=tag_type.description if self.description is UNSET else self.description,
            icon=tag_type.icon if self.icon is UNSET else self.icon,
            color=tag_type.color if self.color is UNSET else self.color,
        )


class TagTypeState(Snapshot, frozen=True, kw_only=True):
    """A version of a tag type."""

    kind: ClassVar = "tag-type"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: state if state["tagType"] else None}
    tag_type: TagTypeData

    def restored(self) -> TagType:
        """The tag type as it was."""
        shown = self.tag_type
        return TagType(name=shown.name, description=shown.description or "", icon=shown.icon, color=shown.color)

    def change(self) -> TagTypeChange:
        """What makes any other tag type of this name equal to it."""
        shown = self.restored()
        return TagTypeChange(description=shown.description, icon=shown.icon, color=shown.color)


class TagState(Snapshot, frozen=True, kw_only=True):
    """A version of a tag. Its colour is a matter of its type, and which flags have it is a matter of theirs."""

    kind: ClassVar = "tag"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: state if state["tag"] else None}
    tag: TagData


BUILT_IN = (TagType(name="simple", description="Groups flags as you like", icon="#", color="#FFFFFF"),)
"""What a new server starts with."""


def check_tag_type(tag_type: TagType) -> None:
    """Raises `BadData` when it breaks a rule."""
    if not _NAME.fullmatch(tag_type.name) or tag_type.name == "..":
        raise BadData(
            f"The name of a tag type has {SHORTEST} to {LONGEST} characters that may stand in a URL.",
            Detail("Letters, digits and - _ . ! ~ * ' ( ) are allowed.", "/body/name"),
        )
    check_line(tag_type.description, "/body/description")
    check_line(tag_type.icon or "", "/body/icon")
    if len(tag_type.description) > LONGEST_DESCRIPTION:
        raise BadData(
            f"A description has at most {LONGEST_DESCRIPTION} characters.",
            Detail(f"{len(tag_type.description)} are too many.", "/body/description"),
        )
    if tag_type.icon is not None and len(tag_type.icon) > LONGEST:
        raise BadData(f"An icon has at most {LONGEST} characters.", Detail("The icon is too long.", "/body/icon"))
    if tag_type.color is not None and not _COLOR.fullmatch(tag_type.color):
        raise BadData("A colour looks like #1A2B3C.", Detail(f"{tag_type.color!r} is none.", "/body/color"))


def read_tag(text: str) -> Tag:
    """A tag as filters of lists write it, `type:value`.

    Raises:
        BadData: it is none.
    """
    kind, _, value = text.partition(":")
    if not kind or not value:
        raise BadData(
            f"A tag must look like type:value, not {text[:40]!r}.", Detail("must be type:value", "/query/tag")
        )
    return Tag(kind, value)


def bare(tag: Tag) -> TagData:
    """The tag itself, as events about it show it: its colour is a matter of its type."""
    return TagData(type=tag.type, value=tag.value)


def clean_tag(tag: Tag, place: str = "/body") -> TagData:
    """The tag without spaces around its value. `place`: where the request has it.

    Raises:
        BadData: the value is too short or too long.
    """
    value = tag.value.strip()
    if not SHORTEST <= len(value) <= LONGEST:
        raise BadData(
            f"The value of a tag has {SHORTEST} to {LONGEST} characters.",
            Detail(f"{len(value)} characters do not fit.", f"{place}/value"),
        )
    check_line(value, f"{place}/value")
    return TagData(type=tag.type, value=value)
