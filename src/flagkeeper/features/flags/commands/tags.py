"""Tags on flags."""

from collections.abc import Sequence

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.feature_relation import FeatureTagged, FeatureUntagged
from flagkeeper.eventlog.catalogue.payload import TagData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.store import flags, tags
from flagkeeper.features.tags.commands import ensure_tag


def add(unit: Unit, name: str, tag: TagData) -> TagData:
    """Tags a flag; does nothing when it has the tag.

    Raises:
        NotFound, FlagArchived: for the flag.
        BadData: there is no such type of tag, or the value is too short or too long.
    """
    kept = ensure_tag(unit, tag, name)
    _set(unit, flags.load_active(unit.tx, name), [kept], [])
    return kept


def remove(unit: Unit, name: str, tag: TagData) -> None:
    """Does nothing when the flag does not have the tag. Raises `NotFound` or `FlagArchived`."""
    _set(unit, flags.load_active(unit.tx, name), [], [tag])


def update(unit: Unit, name: str, added: Sequence[TagData], removed: Sequence[TagData]) -> None:
    """Raises `NotFound`, `FlagArchived`, or `BadData` for a tag that cannot be."""
    kept = _ensured(unit, name, added)
    _set(unit, flags.load_active(unit.tx, name), kept, removed)


def update_many(
    unit: Unit, names: Sequence[str], *, project: str, added: Sequence[TagData], removed: Sequence[TagData]
) -> None:
    """The same for many flags; those that were archived or are gone meanwhile are left out."""
    for name in sorted(names):
        kept = _ensured(unit, name, added)
        flag = flags.find(unit.tx, name)
        if flag is not None and flag.project == project and flag.archived_at is None:
            _set(unit, flag, kept, removed)


def untag_everywhere(unit: Unit, tag: TagData) -> None:
    """Takes a tag off every flag, archived ones too."""
    for name in tags.flags_with(unit.tx, tag):
        if flag := flags.find(unit.tx, name):
            _set(unit, flag, [], [tag])


def _ensured(unit: Unit, name: str, added: Sequence[TagData]) -> list[TagData]:
    """In sorted order, since a tag's type stays locked."""
    return [ensure_tag(unit, tag, name) for tag in tags.in_order(list(added))]


def _set(unit: Unit, flag: Flag, added: Sequence[TagData], removed: Sequence[TagData]) -> None:
    """Every event shows the tags as they were with its own: after adding, before removing."""
    own = tags.tags_of(unit.tx, flag.name)
    for tag in added:
        if tag in own:
            continue
        tags.add(unit.tx, flag.name, tag)
        own = tags.in_order([*own, tag])
        unit.record(
            FeatureTagged(feature_name=flag.name, project=flag.project, data=tag, tags=_shown(own)), flag.state(own)
        )
    for tag in removed:
        if tag not in own:
            continue
        tags.remove(unit.tx, flag.name, tag)
        left = [each for each in own if each != tag]
        unit.record(
            FeatureUntagged(feature_name=flag.name, project=flag.project, data=tag, tags=_shown(own)), flag.state(left)
        )
        own = left


def _shown(own: list[TagData]) -> tuple[Tag, ...]:
    return tuple(Tag(tag.type, tag.value) for tag in own)
