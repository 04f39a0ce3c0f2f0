"""Tags on flags."""

from collections.abc import Sequence

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.feature_relation import FeatureTagged, FeatureUntagged
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.model.flag import Flag, check_room_for_tags
from flagkeeper.features.flags.store import flags, relations, tags
from flagkeeper.features.tags.commands import ensure_tag, record_tag
from flagkeeper.features.tags.model import bare


def add(unit: Unit, name: str, tag: Tag, project: str | None = None) -> Tag:
    """Tags a flag, of a certain project or any; does nothing when it has the tag.

    Raises:
        NotFound, FlagArchived: for the flag.
        BadData: there is no such type of tag, or the value is too short or too long.
        LimitExceeded: the flag has as many tags as it may have.
    """
    made, is_new = ensure_tag(unit, tag)
    kept, new = [made], {made} if is_new else set()
    _set(unit, flags.load_active(unit.tx, name, project), kept, [], new)
    return kept[0]


def remove(unit: Unit, name: str, tag: Tag, project: str | None = None) -> None:
    """Does nothing when the flag does not have the tag. Raises `NotFound` or `FlagArchived`."""
    _set(unit, flags.load_active(unit.tx, name, project), [], [tag], set())


def update(unit: Unit, name: str, added: Sequence[Tag], removed: Sequence[Tag], project: str | None = None) -> None:
    """Raises `NotFound`, `FlagArchived`, `LimitExceeded`, or `BadData` for a tag that cannot be."""
    kept, new = _ensured(unit, added, "/body/addedTags")
    _set(unit, flags.load_active(unit.tx, name, project), kept, removed, new)


def update_many(
    unit: Unit, names: Sequence[str], *, project: str, added: Sequence[Tag], removed: Sequence[Tag]
) -> None:
    """The same for many flags; those that were archived or are gone meanwhile are left out."""
    kept, new = _ensured(unit, added, "/body/tags/addedTags")
    for name in sorted(names):
        flag = flags.find(unit.tx, name)
        if flag is not None and flag.project == project and flag.archived_at is None:
            _set(unit, flag, kept, removed, new)
    for tag in tags.in_order(new):
        record_tag(unit, tag)


def untag_everywhere(unit: Unit, tag: Tag) -> None:
    """Takes a tag off every flag, archived ones too."""
    for name in tags.flags_with(unit.tx, tag):
        if flag := flags.find(unit.tx, name):
            _set(unit, flag, [], [tag], set())


def _ensured(unit: Unit, added: Sequence[Tag], place: str) -> tuple[list[Tag], set[Tag]]:
    """The tags as they are kept, and those among them that had to be made, of which no event tells yet. In sorted
    order and before any flag, since a tag's type stays locked."""
    found = [ensure_tag(unit, tag, f"{place}/{added.index(tag)}") for tag in tags.in_order(added)]
    return [tag for tag, _ in found], {tag for tag, is_new in found if is_new}


def _set(unit: Unit, flag: Flag, added: Sequence[Tag], removed: Sequence[Tag], new: set[Tag]) -> None:
    """Every event shows the tags as they were with its own: after adding, before removing. A tag out of `new` is told
    of first, with the tags before it, and taken out."""
    own, others = tags.tags_of(unit.tx, flag.name), relations.relations_of(unit.tx, flag.name)
    check_room_for_tags(own, added)
    for tag in added:
        if bare(tag) in map(bare, own):
            continue
        if tag in new:
            new.remove(tag)
            record_tag(unit, tag, flag.name, tuple(own))
        tags.add(unit.tx, flag.name, tag)
        own = tags.in_order([*own, tag])
        unit.record(
            FeatureTagged(feature_name=flag.name, project=flag.project, data=bare(tag), tags=tuple(own)),
            flag.state(own, others),
        )
    for tag in removed:
        left = [each for each in own if bare(each) != bare(tag)]
        if left == own:
            continue
        tags.remove(unit.tx, flag.name, tag)
        unit.record(
            FeatureUntagged(feature_name=flag.name, project=flag.project, data=bare(tag), tags=tuple(own)),
            flag.state(left, others),
        )
        own = left
