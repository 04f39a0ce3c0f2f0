"""What tags and tag types are (facts: platform-model.md, section 7). Pure."""

import re
from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.payload import TagData
from flagkeeper.eventlog.catalogue.tag import TagTypeData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel.errors import BadData, Detail

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
    kind: ClassVar = "tag-type"
    tag_type: TagTypeData | None
    """None: it was deleted."""


class TagState(Snapshot, frozen=True, kw_only=True):
    kind: ClassVar = "tag"
    tag: TagData | None
    """None: it was deleted."""


BUILT_IN = (TagType(name="simple", description="Groups flags as you like", icon="#", color="#FFFFFF"),)
"""What a new server starts with."""


def check_tag_type(tag_type: TagType) -> None:
    """Raises `BadData` when it breaks a rule."""
    if not _NAME.fullmatch(tag_type.name) or tag_type.name == "..":
        raise BadData(
            f"The name of a tag type has {SHORTEST} to {LONGEST} characters that may stand in a URL.",
            Detail("Letters, digits and - _ . ! ~ * ' ( ) are allowed.", "/body/name"),
        )
    if len(tag_type.description) > LONGEST_DESCRIPTION:
        raise BadData(
            f"A description has at most {LONGEST_DESCRIPTION} characters.",
            Detail(f"{len(tag_type.description)} are too many.", "/body/description"),
        )
    if tag_type.icon is not None and len(tag_type.icon) > LONGEST:
        raise BadData(f"An icon has at most {LONGEST} characters.", Detail("The icon is too long.", "/body/icon"))
    if tag_type.color is not None and not _COLOR.fullmatch(tag_type.color):
        raise BadData("A colour looks like #1A2B3C.", Detail(f"{tag_type.color!r} is none.", "/body/color"))


def clean_tag(tag: TagData) -> TagData:
    """The tag without spaces around its value.

    Raises:
        BadData: the value is too short or too long.
    """
    value = tag.value.strip()
    if not SHORTEST <= len(value) <= LONGEST:
        raise BadData(
            f"The value of a tag has {SHORTEST} to {LONGEST} characters.",
            Detail(f"{len(value)} characters do not fit.", "/body/value"),
        )
    return TagData(type=tag.type, value=value)
