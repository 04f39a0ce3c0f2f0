"""Changing segments: load, decide, write, record."""

import msgspec

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.catalogue.segment import SegmentCreated, SegmentDeleted, SegmentImport, SegmentUpdated
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.context_fields.ports import StrategyUse
from flagkeeper.features.context_fields.queries import demand_legal
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.segments import store
from flagkeeper.features.segments.model import Segment, SegmentDraft, SegmentState, check
from flagkeeper.features.segments.ports import SegmentUses
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import Conflict, InvalidOperation, LimitExceeded, NameExists
from flagkeeper.kernel.existing import Existing


def create(unit: Unit, draft: SegmentDraft) -> Segment:
    """Raises `BadData`, `NameExists`, `LimitExceeded`, or `NotFound` for its project."""
    check(draft, unit.limits.segment_values)
    demand_legal(unit.tx, draft.constraints, "/body/constraints")
    _demand_room(unit, draft.name)
    segment = _segment(unit, store.new_id(unit.tx), draft, unit.now)
    _add(unit, segment)
    return segment


def restore(unit: Unit, state: SegmentState) -> None:
    """Brings a segment that was deleted back, as it was and under its id. Raises `BadData`, `NameExists`,
    `LimitExceeded`, or `Conflict` when it is there."""
    segment = state.restored()
    check(state.draft(), unit.limits.segment_values, segment.constraints)
    if store.find(unit.tx, segment.id) is not None or not store.was_given(unit.tx, segment.id):
        raise Conflict(f"There is a segment with the id {segment.id}, or never was one.")
    _demand_room(unit, segment.name)
    _add(unit, segment)


def update(unit: Unit, segment_id: int, draft: SegmentDraft, uses: SegmentUses) -> None:
    """Raises `NotFound`, `BadData`, `NameExists`, or `InvalidOperation` when other projects use what is to become
    one project's own."""
    old = store.load(unit.tx, segment_id)
    check(draft, unit.limits.segment_values, old.constraints)
    demand_legal(unit.tx, draft.constraints, "/body/constraints", old.constraints)
    _demand_free_name(unit, draft.name, segment_id)
    if draft.project and draft.project != old.project:
        projects.lock_shared(unit.tx, draft.project)
    if draft.project and _users_of(unit, segment_id, uses) - {draft.project}:
        raise InvalidOperation("Other projects use this segment, so it cannot be made the own one of a project.")
    new = _with(old, draft)
    if new == old:
        return
    store.save(unit.tx, new)
    unit.record(SegmentUpdated(project=new.project, data=new.payload(), pre_data=old.payload()), new.state())


def delete(unit: Unit, segment_id: int, uses: SegmentUses) -> None:
    """Raises `NotFound`, or `Conflict` while a strategy, be it a default one, uses the segment."""
    segment = store.load(unit.tx, segment_id)
    if used := _uses_of(unit, segment_id, uses):
        flags = ", ".join(sorted({use.feature_name for use in used}))
        message = (
            f"The segment is used by {flags}. Remove it from their strategies first; revive or delete archived ones."
        )
        raise Conflict(message)
    if places := projects.default_strategies_with(unit.tx, segment_id):
        names = ", ".join(f"{project} in {environment}" for project, environment in places)
        raise Conflict(f"The segment is used by the default strategy of {names}. Remove it there first.")
    _remove(unit, segment)


def delete_of_project(unit: Unit, project: str, most: int) -> int:
    """Deletes at most so many of the own segments of a project that is being deleted; returns how many."""
    found = store.of_project(unit.tx, project)[:most]
    for segment in found:
        _remove(unit, segment)
    return len(found)


def bring(unit: Unit, id_: int, draft: SegmentDraft, created_at: Millis | None, existing: Existing) -> None:
    """Makes a segment what an import says, or a new one of it, under this id: other things of the import refer to it.

    Raises:
        BadData: the draft breaks a rule.
        Conflict: somebody made another segment of this id or name since the import was planned.
        LimitExceeded: there are too many segments already.
    """
    old = store.find(unit.tx, id_)
    check(draft, unit.limits.segment_values, old.constraints if old else ())
    if store.id_of_name(unit.tx, draft.name) not in (None, id_) or (old is None and store.was_given(unit.tx, id_)):
        raise Conflict(f"Segments were made meanwhile, also {draft.name!r} or its id {id_}. Import again.")
    if old is None:
        _demand_room(unit, draft.name)
        store.take_id(unit.tx, id_)
        new = _segment(unit, id_, draft, created_at or unit.now)
        store.add(unit.tx, new)
    elif existing is Existing.KEEP:
        return
    else:
        new = _with(old, draft)
        if new == old and existing is Existing.REPLACE:
            return
        store.save(unit.tx, new)
    unit.record(SegmentImport(data=new.payload()), new.state())


def demand_project(unit: Unit, segment_id: int, project: str | None) -> None:
    """Raises `NotFound`, or `Conflict` when the segment belongs to another project than this one."""
    if store.load(unit.tx, segment_id).project != project:
        raise Conflict("The segment belongs to another project by now. Look again, then retry.")


def forget_creators(unit: Unit, replacement: Replacement, _position: int) -> None:
    """Puts the pseudonym in the place of a person's name (`eventlog.archive.pseudonymiser.Elsewhere`)."""
    for segment_id, created_by in store.creators(unit.tx):
        if replacement.is_name(created_by):
            unit.silent(f"segment/{segment_id}", "a person is forgotten, and the event about that names no segments")
            store.rename_creator(unit.tx, segment_id, replacement.pseudonym)


def _add(unit: Unit, segment: Segment) -> None:
    if segment.project is not None:
        projects.lock_shared(unit.tx, segment.project)
    store.add(unit.tx, segment)
    unit.record(SegmentCreated(project=segment.project, data=segment.payload()), segment.state())


def _remove(unit: Unit, segment: Segment) -> None:
    store.remove(unit.tx, segment.id)
    unit.record(SegmentDeleted(project=segment.project, pre_data=segment.payload()), Gone(SegmentState))


def _segment(unit: Unit, id_: int, draft: SegmentDraft, created_at: Millis) -> Segment:
    return Segment(
        id=id_,
        name=draft.name,
        description=draft.description,
        constraints=draft.constraints,
        project=draft.project,
        created_by=unit.actor.name,
        created_at=created_at,
    )


def _with(segment: Segment, draft: SegmentDraft) -> Segment:
    return msgspec.structs.replace(
        segment,
        name=draft.name,
        description=draft.description,
        constraints=draft.constraints,
        project=draft.project,
    )


def _demand_room(unit: Unit, name: str) -> None:
    _demand_free_name(unit, name, None)
    most = unit.limits.segments
    if store.count(unit.tx) >= most:
        raise LimitExceeded(f"There are {most} segments already, which is the limit. Delete one first.")


def _demand_free_name(unit: Unit, name: str, own_id: int | None) -> None:
    if store.id_of_name(unit.tx, name) not in (None, own_id):
        raise NameExists(f"There is a segment called {name!r} already.")


def _users_of(unit: Unit, segment_id: int, uses: SegmentUses) -> set[str]:
    """The projects that use the segment."""
    default = projects.default_strategies_with(unit.tx, segment_id)
    return {use.project_id for use in _uses_of(unit, segment_id, uses)} | {project for project, _ in default}


def _uses_of(unit: Unit, segment_id: int, uses: SegmentUses) -> list[StrategyUse]:
    return uses(unit.tx, [segment_id]).get(segment_id, [])
