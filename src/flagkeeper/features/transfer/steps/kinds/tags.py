"""Types of tags, and tags."""

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import TagData
from flagkeeper.features.tags.model import TagType, check_tag_type, clean_tag
from flagkeeper.features.tags.steps import DELETE_TAG, DELETE_TYPE, DeleteType
from flagkeeper.features.transfer.model.document import items
from flagkeeper.features.transfer.steps import ops
from flagkeeper.features.transfer.steps.planning import Planning, Stage


def plan(p: Planning) -> None:
    _plan_types(p)
    _plan_tags(p)


def _plan_types(p: Planning) -> None:
    p.announce("tag_types", Stage.TAG_TYPES, p.world.tag_types)
    found = items(p.document.tag_types)
    for number, each in enumerate(found):
        tag_type = TagType(name=each.name, description=each.description or "", icon=each.icon, color=each.color)
        with p.at(f"/body/tagTypes/{number}"):
            check_tag_type(tag_type)
        p.add(Stage.TAG_TYPES, ops.BRING_TAG_TYPE, ops.BringTagType(tag_type=tag_type, existing=p.existing))
    p.once("tag_types", [each.name for each in found])
    known = set() if p.drops("tag_types") else set(p.world.tag_types)
    p.tag_types_after = known | {each.name for each in found}
    for name in sorted(p.world.tag_types.keys() - p.tag_types_after):
        p.add(Stage.TAG_TYPES_GO, DELETE_TYPE, DeleteType(name=name))


def _plan_tags(p: Planning) -> None:
    p.announce("tags", Stage.TAGS, p.world.tags)
    found = items(p.document.tags)
    for number, each in enumerate(found):
        demand_tag(p, each.type, each.value, f"/body/tags/{number}", "type")
        wanted = ops.BringTag(tag=Tag(each.type, each.value), existing=p.existing)
        p.add(Stage.TAGS, ops.BRING_TAG, wanted)
    p.once("tags", [(each.type, each.value) for each in found])
    p.tags_going = {
        (type_, value)
        for type_, value in p.world.tags - {(each.type, each.value.strip()) for each in found}
        if p.drops("tags") or type_ not in p.tag_types_after
    }
    for type_, value in sorted(p.tags_going):
        p.add(Stage.TAGS_GO, DELETE_TAG, TagData(type=type_, value=value))


def demand_tag(p: Planning, type_: str, value: str, place: str, key: str) -> None:
    """Notes what is wrong with a tag; `key` is where its type stands."""
    with p.at(place):
        clean_tag(Tag(type_, value))
    if type_ not in p.tag_types_after:
        p.fault(f"There is no tag type called {type_!r}.", f"{place}/{key}")
