"""Changes of segments as steps."""

import msgspec

from flagkeeper.eventlog.step import Demand, Op, Ports
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.segments import commands
from flagkeeper.features.segments.model import SegmentDraft, SegmentState
from flagkeeper.features.segments.ports import SEGMENT_USES
from flagkeeper.http.permissions import Permission


class Update(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    project: str | None
    """The project that it belongs to, whose people may change it; checked when it is done."""
    draft: SegmentDraft


class Delete(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    project: str | None
    """The same."""


def _demands(permission: Permission, *projects: str | None) -> tuple[tuple[Demand, ...], ...]:
    """The permission for all segments, or that for those of the project."""
    return tuple((Demand(permission), Demand(Permission.UPDATE_PROJECT_SEGMENT, project)) for project in projects)


def _update(unit: Unit, wanted: Update, ports: Ports) -> None:
    commands.demand_project(unit, wanted.id, wanted.project)
    commands.update(unit, wanted.id, wanted.draft, ports.answer(SEGMENT_USES))


def _delete(unit: Unit, wanted: Delete, ports: Ports) -> None:
    commands.demand_project(unit, wanted.id, wanted.project)
    commands.delete(unit, wanted.id, ports.answer(SEGMENT_USES))


CREATE = Op(
    name="segment.create",
    payload=SegmentDraft,
    run=lambda unit, draft, _ports: commands.create(unit, draft),
    demands=lambda draft: _demands(Permission.CREATE_SEGMENT, draft.project),
    operation="createSegment",
)
RESTORE = Op(
    name="segment.restore",
    payload=SegmentState,
    run=lambda unit, state, _ports: commands.restore(unit, state),
    demands=lambda state: _demands(Permission.CREATE_SEGMENT, state.segment.project),
    operation="createSegment",
)
UPDATE = Op(
    name="segment.update",
    payload=Update,
    run=_update,
    demands=lambda wanted: _demands(Permission.UPDATE_SEGMENT, wanted.project, wanted.draft.project),
    operation="updateSegment",
)
DELETE = Op(
    name="segment.delete",
    payload=Delete,
    run=_delete,
    demands=lambda wanted: _demands(Permission.DELETE_SEGMENT, wanted.project),
    operation="removeSegment",
)
OPS = (CREATE, RESTORE, UPDATE, DELETE)
