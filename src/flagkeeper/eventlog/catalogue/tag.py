"""Events of tags and tag types."""

from typing import ClassVar

from flagkeeper.eventlog.catalogue.event import About, Event
from flagkeeper.eventlog.catalogue.payload import NameData, Payload, TagData


class TagTypeData(Payload, frozen=True, kw_only=True):
    name: str
    description: str | None
    icon: str | None
    color: str | None


class TagCreated(Event, frozen=True, kw_only=True):
    """Names a flag when tagging that flag made the tag."""

    about: ClassVar = About(
        type="tag-created",
        label="Tag created",
        summary="{actor} created tag {data.type}:{data.value}",
        subject="tag/{data.type}/{data.value}",
        group="Tag",
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str | None = None
    data: TagData
    pre_data: None = None


class TagDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="tag-deleted",
        label="Tag deleted",
        summary="{actor} deleted tag {data.type}:{data.value}",
        subject="tag/{data.type}/{data.value}",
        group="Tag",
        seeds=frozenset({1, 2, 3}),
    )
    data: TagData
    pre_data: None = None


class TagImport(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="tag-import",
        label="Tag imported",
        summary="{actor} imported tag {data.type}:{data.value}",
        subject="tag/{data.type}/{data.value}",
        group="Tag",
        seeds=frozenset({1, 2, 3}),
    )
    data: TagData
    pre_data: None = None


class DropTags(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="drop-tags",
        label="All tags dropped",
        summary="{actor} dropped all tags before an import",
        subject="all-tags",
        group="Tag",
        seeds=frozenset({1, 2, 3}),
    )
    data: NameData
    pre_data: None = None


class TagTypeCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="tag-type-created",
        label="Tag type created",
        summary="{actor} created tag type {data.name}",
        subject="tag-type/{data.name}",
        group="Tag type",
        seeds=frozenset({1, 2, 3}),
    )
    data: TagTypeData
    pre_data: None = None


class TagTypeUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="tag-type-updated",
        label="Tag type updated",
        summary="{actor} changed tag type {data.name}",
        subject="tag-type/{data.name}",
        group="Tag type",
        seeds=frozenset({1, 2, 3}),
    )
    data: TagTypeData
    pre_data: TagTypeData


class TagTypeDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="tag-type-deleted",
        label="Tag type deleted",
        summary="{actor} deleted tag type {data.name}",
        subject="tag-type/{data.name}",
        group="Tag type",
        seeds=frozenset({1, 2, 3}),
    )
    data: NameData
    pre_data: TagTypeData


class TagTypeImport(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="tag-type-import",
        label="Tag type imported",
        summary="{actor} imported tag type {data.name}",
        subject="tag-type/{data.name}",
        group="Tag type",
        seeds=frozenset({1, 2, 3}),
    )
    data: TagTypeData
    pre_data: None = None


class DropTagTypes(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="drop-tag-types",
        label="All tag types dropped",
        summary="{actor} dropped all tag types before an import",
        subject="all-tag-types",
        group="Tag type",
        seeds=frozenset({1, 2, 3}),
    )
    data: NameData
    pre_data: None = None
