"""Changing tags and tag types: load, decide, write, record."""

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import NameData
from flagkeeper.eventlog.catalogue.tag import (
    TagCreated,
    TagDeleted,
    TagImport,
    TagTypeCreated,
    TagTypeDeleted,
    TagTypeImport,
    TagTypeUpdated,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.tags import queries, store
from flagkeeper.features.tags.model import (
    BUILT_IN,
    TagState,
    TagType,
    TagTypeChange,
    TagTypeState,
    bare,
    check_tag_type,
    clean_tag,
)
from flagkeeper.features.tags.ports import TaggedFlags
from flagkeeper.kernel.errors import BadData, Detail, NameExists, NotFound
from flagkeeper.kernel.existing import Existing


def create_tag(unit: Unit, tag: Tag) -> Tag:
    """Raises `BadData` for an impossible value or an unknown type, `NameExists` when there is such a tag."""
    kept, is_new = ensure_tag(unit, tag)
    if not is_new:
        raise NameExists(f"There is a tag {kept.type}:{kept.value} already.")
    record_tag(unit, kept)
    return kept


def ensure_tag(unit: Unit, tag: Tag, place: str = "/body") -> tuple[Tag, bool]:
    """The tag as it is kept, and whether it had to be made: then `record_tag` must follow. Nobody may delete it until
    the unit ends. `place`: where the request has it.

    Raises:
        BadData: an impossible value, or an unknown type.
    """
    cleaned = clean_tag(tag, place)
    tag_type = store.hold_type(unit.tx, tag.type)
    if tag_type is None:
        raise BadData(
            f"There is no tag type called {tag.type!r}. Create it first.",
            Detail(f"{tag.type!r} is unknown.", f"{place}/type"),
        )
    kept = queries.to_tag(cleaned.type, cleaned.value, tag_type.color)
    return kept, store.add(unit.tx, kept)


def record_tag(unit: Unit, tag: Tag, feature_name: str | None = None, own: tuple[Tag, ...] = ()) -> None:
    """Says that a tag was made. `feature_name`: the flag that is being tagged; `own`: the
    tags that it has so far."""
    made = bare(tag)
    unit.record(TagCreated(feature_name=feature_name, data=made, tags=own), TagState(tag=made))


def delete_tag(unit: Unit, type_: str, value: str, flags: TaggedFlags) -> None:
    """Deletes a tag and takes it off every flag. Raises `NotFound`."""
    store.load_type(unit.tx, type_)
    _delete(unit, queries.tag(unit.tx, type_, value), flags)


def create_type(unit: Unit, tag_type: TagType) -> TagType:
    """Raises `BadData` or `NameExists`."""
    check_tag_type(tag_type)
    if not _add_type(unit, tag_type):
        raise NameExists(f"There is a tag type called {tag_type.name!r} already.")
    return tag_type


def update_type(unit: Unit, name: str, change: TagTypeChange) -> None:
    """Raises `NotFound` or `BadData`."""
    old = _load_type(unit, name)
    new = change.applied_to(old)
    check_tag_type(new)
    if new == old:
        return
    store.save_type(unit.tx, new)
    unit.record(TagTypeUpdated(data=new.payload(), pre_data=old.payload()), new.state())


def delete_type(unit: Unit, name: str, flags: TaggedFlags) -> None:
    """Deletes a tag type with all its tags, and takes them off every flag. Raises `NotFound`."""
    tag_type = _load_type(unit, name)
    for tag in queries.tags_of_type(unit.tx, name):
        _delete(unit, tag, flags)
    store.remove_type(unit.tx, name)
    unit.record(TagTypeDeleted(data=NameData(name=name), pre_data=tag_type.payload()), Gone(TagTypeState))


def bring_type(unit: Unit, tag_type: TagType, existing: Existing) -> None:
    """Makes a tag type what an import says, or a new one of it. Raises `BadData`."""
    check_tag_type(tag_type)
    old = store.load_type(unit.tx, tag_type.name)
    if old is None:
        store.add_type(unit.tx, tag_type)
    elif existing is Existing.KEEP or (existing is Existing.REPLACE and old == tag_type):
        return
    else:
        store.save_type(unit.tx, tag_type)
    unit.record(TagTypeImport(data=tag_type.payload()), tag_type.state())


def bring_tag(unit: Unit, tag: Tag, existing: Existing) -> None:
    """Makes a tag that an import has, where there is none. Raises `BadData`."""
    kept, is_new = ensure_tag(unit, tag)
    if is_new or existing is Existing.DROP:
        made = bare(kept)
        unit.record(TagImport(data=made), TagState(tag=made))


def seed(unit: Unit) -> None:
    """Creates the tag types of a new server that are not there yet."""
    for tag_type in BUILT_IN:
        _add_type(unit, tag_type)


def _delete(unit: Unit, tag: Tag, flags: TaggedFlags) -> None:
    flags(unit, tag)
    store.remove(unit.tx, tag)
    unit.record(TagDeleted(data=bare(tag)), Gone(TagState))


def _add_type(unit: Unit, tag_type: TagType) -> bool:
    if not store.add_type(unit.tx, tag_type):
        return False
    unit.record(TagTypeCreated(data=tag_type.payload()), tag_type.state())
    return True


def _load_type(unit: Unit, name: str) -> TagType:
    tag_type = store.load_type(unit.tx, name)
    if tag_type is None:
        raise NotFound(f"There is no tag type called {name!r}.")
    return tag_type
