"""Segments. A server knows them by names; the ids of a document are its own, and kept where they are free."""

from flagkeeper.features.segments.model import SegmentDraft, check
from flagkeeper.features.segments.steps import DELETE, Delete
from flagkeeper.features.transfer.model.document import SegmentItem, items
from flagkeeper.features.transfer.steps import ops
from flagkeeper.features.transfer.steps.planning import Planning, Stage

LARGEST_ID = 2**53
"""What JavaScript can count to."""


def plan(p: Planning) -> None:
    found = items(p.document.segments)
    p.once("segments", [each.name for each in found])
    p.once("segments", [each.id for each in found])
    p.segment_ids = _ids(p, found)
    names = {each.name for each in found}
    for name, segment in p.world.segments.items():
        if name in names or not p.drops("segments"):
            p.segments_after[segment.id] = segment.project
    # Ids rise: to give one out gives out all below.
    for number, each in sorted(enumerate(found), key=lambda pair: p.segment_ids[pair[1].id]):
        place, id_ = f"/body/segments/{number}", p.segment_ids[each.id]
        old = p.world.segments.get(each.name)
        draft = SegmentDraft(
            name=each.name, description=each.description, constraints=each.constraints, project=each.project
        )
        with p.at(place):
            check(draft, p.limits.segment_values, old.constraints if old else ())
        if not 0 < each.id <= LARGEST_ID:
            p.fault(f"An id is a number from 1 to {LARGEST_ID}.", f"{place}/id")
        if each.project and each.project not in p.attached_after:
            p.fault(f"There is no project {each.project!r}.", f"{place}/project")
        created_at = p.moment(each.created_at, f"{place}/createdAt")
        wanted = ops.BringSegment(id=id_, draft=draft, created_at=created_at, existing=p.existing)
        p.add(Stage.SEGMENTS, ops.BRING_SEGMENT, wanted)
        if old is None or not p.keeps:
            p.segments_after[id_] = each.project
    if len(p.segments_after) > p.limits.segments:
        p.fault(f"There would be more than {p.limits.segments} segments.", "/body/segments")
    _plan_leaving(p)


def _ids(p: Planning, found: list[SegmentItem]) -> dict[int, int]:
    """The server's ids of the document's segments: that of the one with the name, the same, or the next one."""
    known = {each.id: p.world.segments[each.name].id for each in found if each.name in p.world.segments}
    free = {each.id: each.id for each in found if each.id not in known and each.id >= p.world.next_segment}
    following = max([p.world.next_segment - 1, *free.values()]) + 1
    others = [each.id for each in found if each.id not in known and each.id not in free]
    return known | free | {id_: following + place for place, id_ in enumerate(others)}


def _plan_leaving(p: Planning) -> None:
    for _, segment in sorted(p.world.segments.items()):
        if segment.id in p.segments_after:
            continue
        used = sorted(flag for flag in p.staying if segment.id in p.world.uses.segments.get(flag, ()))
        used += sorted(
            f"the default strategy of {project}"
            for project, _, strategy in p.default_strategies_staying()
            if segment.id in strategy.segments
        )
        if used:
            p.fault(f"The segment {segment.name!r} would be dropped, and is used by {used[:10]}.", "/body/segments")
        p.add(Stage.SEGMENTS_GO, DELETE, Delete(id=segment.id, project=segment.project))
