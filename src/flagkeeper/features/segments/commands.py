"""Changing segments: load, decide, write, record."""

import msgspec

from flagkeeper.eventlog.archive.words import Words
from flagkeeper.eventlog.catalogue.segment import SegmentCreated, SegmentDeleted, SegmentUpdated
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.segments import store
from flagkeeper.features.segments.model import MOST_SEGMENTS, Segment, SegmentDraft, SegmentState, check
from flagkeeper.features.segments.ports import SegmentUses, StrategyUse
from flagkeeper.kernel.errors import Conflict, InvalidOperation, LimitExceeded, NameExists


def create(unit: Unit, draft: SegmentDraft) -> Segment:
    """Raises `BadData`, `NameExists` or `LimitExceeded`."""
    check(draft)
    _demand_free_name(unit, draft.name, None)
    if store.count(unit.tx) >= MOST_SEGMENTS:
        raise LimitExceeded(f"There are {MOST_SEGMENTS} segments already, which is the limit. Delete one first.")
    segment = Segment(
        id=store.new_id(unit.tx),
        name=draft.name,
        description=draft.description,
        constraints=draft.constraints,
        project=draft.project,
        created_by=unit.actor.name,
        created_at=unit.now,
    )
    store.add(unit.tx, segment)
    unit.record(SegmentCreated(project=segment.project, data=segment.payload()), segment.state())
    return segment


def update(unit: Unit, segment_id: int, draft: SegmentDraft, uses: SegmentUses) -> None:
    """Raises `NotFound`, `BadData`, `NameExists`, or `InvalidOperation` when other projects use what is to become
    one project's own."""
    old = store.load(unit.tx, segment_id)
    check(draft)
    _demand_free_name(unit, draft.name, segment_id)
    if draft.project and any(use.project_id != draft.project for use in _uses_of(unit, segment_id, uses)):
        raise InvalidOperation("Other projects use this segment, so it cannot be made the own one of a project.")
    new = msgspec.structs.replace(
        old,
        name=draft.name,
        description=draft.description,
        constraints=draft.constraints,
        project=draft.project,
    )
    if new == old:
        return
    store.save(unit.tx, new)
    unit.record(SegmentUpdated(project=new.project, data=new.payload(), pre_data=old.payload()), new.state())


def delete(unit: Unit, segment_id: int, uses: SegmentUses) -> None:
    """Raises `NotFound`, or `Conflict` while a strategy uses the segment."""
    segment = store.load(unit.tx, segment_id)
    if used := _uses_of(unit, segment_id, uses):
        flags = ", ".join(sorted({use.feature_name for use in used}))
        raise Conflict(f"The segment is used by {flags}. Remove it from their strategies first.")
    store.remove(unit.tx, segment_id)
    unit.record(SegmentDeleted(project=segment.project, pre_data=segment.payload()), SegmentState(segment=None))


def forget_creators(unit: Unit, words: Words, _position: int) -> None:
    """Puts the pseudonym in the place of a person's name (`eventlog.archive.pseudonymiser.Elsewhere`)."""
    for segment_id, created_by in store.creators(unit.tx):
        if words.is_name(created_by):
            unit.silent(f"segment/{segment_id}", "a person is forgotten, and the event about that names no segments")
            store.rename_creator(unit.tx, segment_id, words.pseudonym)


def _demand_free_name(unit: Unit, name: str, own_id: int | None) -> None:
    if store.id_of_name(unit.tx, name) not in (None, own_id):
        raise NameExists(f"There is a segment called {name!r} already.")


def _uses_of(unit: Unit, segment_id: int, uses: SegmentUses) -> list[StrategyUse]:
    return uses(unit.tx, [segment_id]).get(segment_id, [])
