"""Changing tags and tag types: load, decide, write, record."""

from flagkeeper.eventlog.catalogue.payload import NameData, TagData
from flagkeeper.eventlog.catalogue.tag import TagCreated, TagDeleted, TagTypeCreated, TagTypeDeleted, TagTypeUpdated
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.tags import queries, store
from flagkeeper.features.tags.model import (
    BUILT_IN,
    TagState,
    TagType,
    TagTypeChange,
    TagTypeState,
    check_tag_type,
    clean_tag,
)
from flagkeeper.features.tags.ports import TaggedFlags
from flagkeeper.kernel.errors import BadData, Detail, NameExists, NotFound


def create_tag(unit: Unit, tag: TagData) -> TagData:
    """Raises `BadData` for an impossible value or an unknown type, `NameExists` when there is such a tag."""
    cleaned, is_new = _ensure(unit, tag, None)
    if not is_new:
        raise NameExists(f"There is a tag {cleaned.type}:{cleaned.value} already.")
    return cleaned


def ensure_tag(unit: Unit, tag: TagData, feature_name: str | None = None) -> TagData:
    """The tag as it is kept, made if there is none; nobody may delete it until the unit ends. `feature_name`: the
    flag that is being tagged (design: section 5, rule 4).

    Raises:
        BadData: an impossible value, or an unknown type.
    """
    return _ensure(unit, tag, feature_name)[0]


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
    unit.record(TagTypeDeleted(data=NameData(name=name), pre_data=tag_type.payload()), TagTypeState(tag_type=None))


def seed(unit: Unit) -> None:
    """Creates the tag types of a new server that are not there yet."""
    for tag_type in BUILT_IN:
        _add_type(unit, tag_type)


def _ensure(unit: Unit, tag: TagData, feature_name: str | None) -> tuple[TagData, bool]:
    cleaned = clean_tag(tag)
    if store.hold_type(unit.tx, tag.type) is None:
        raise BadData(
            f"There is no tag type called {tag.type!r}. Create it first.",
            Detail(f"{tag.type!r} is unknown.", "/body/type"),
        )
    is_new = store.add(unit.tx, cleaned)
    if is_new:
        unit.record(TagCreated(feature_name=feature_name, data=cleaned), TagState(tag=cleaned))
    return cleaned, is_new


def _delete(unit: Unit, tag: TagData, flags: TaggedFlags) -> None:
    flags(unit, tag)
    store.remove(unit.tx, tag)
    unit.record(TagDeleted(data=tag), TagState(tag=None))


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
