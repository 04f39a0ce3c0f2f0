"""Changes of context fields as steps."""

import msgspec

from flagkeeper.eventlog.step import Demand, Op, Ports
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.context_fields import commands
from flagkeeper.features.context_fields.model import ContextFieldChange, ContextFieldDraft, ContextFieldState
from flagkeeper.features.context_fields.ports import FIELD_CONSTRAINTS, FIELD_SEGMENTS, FIELD_USES
from flagkeeper.http.permissions import Permission


class Update(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    project: str | None
    """The project that it belongs to, whose people may change it; None: only those who may change all fields."""
    change: ContextFieldChange


class Delete(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    project: str | None
    """The same."""


def _demands(permission: Permission, project: str | None) -> tuple[tuple[Demand, ...], ...]:
    """The permission for all fields, or that for those of the project."""
    own = () if project is None else (Demand(Permission.UPDATE_PROJECT_CONTEXT, project),)
    return ((Demand(permission), *own),)


def _demands_of_update(wanted: Update) -> tuple[tuple[Demand, ...], ...]:
    demands = _demands(Permission.UPDATE_CONTEXT_FIELD, wanted.project)
    if wanted.change.project is msgspec.UNSET or wanted.change.project == wanted.project:
        return demands
    return (*demands, *_demands(Permission.UPDATE_CONTEXT_FIELD, wanted.change.project))


def _update(unit: Unit, wanted: Update, ports: Ports) -> None:
    uses, segments = ports.answer(FIELD_USES), ports.answer(FIELD_SEGMENTS)
    constraints = ports.answer(FIELD_CONSTRAINTS)
    commands.update(unit, wanted.name, wanted.change, uses, segments, constraints, wanted.project)


def _delete(unit: Unit, wanted: Delete, ports: Ports) -> None:
    commands.delete(unit, wanted.name, ports.answer(FIELD_CONSTRAINTS), wanted.project)


CREATE = Op(
    name="context-field.create",
    payload=ContextFieldDraft,
    run=lambda unit, draft, _ports: commands.create(unit, draft),
    demands=lambda draft: _demands(Permission.CREATE_CONTEXT_FIELD, draft.project),
    operation="createContextFieldForProject",
)
RESTORE = Op(
    name="context-field.restore",
    payload=ContextFieldState,
    run=lambda unit, state, _ports: commands.restore(unit, state),
    demands=lambda state: _demands(Permission.CREATE_CONTEXT_FIELD, state.field.project),
    operation="createContextFieldForProject",
)
UPDATE = Op(
    name="context-field.update",
    payload=Update,
    run=_update,
    demands=_demands_of_update,
    operation="updateContextFieldForProject",
)
DELETE = Op(
    name="context-field.delete",
    payload=Delete,
    run=_delete,
    demands=lambda wanted: _demands(Permission.DELETE_CONTEXT_FIELD, wanted.project),
    operation="deleteContextFieldForProject",
)
OPS = (CREATE, RESTORE, UPDATE, DELETE)
