"""Changing context fields: load, decide, write, record."""

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.context import (
    ContextFieldCreated,
    ContextFieldDeleted,
    ContextFieldUpdated,
    LegalValue,
)
from flagkeeper.eventlog.catalogue.payload import NameData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.context_fields import store
from flagkeeper.features.context_fields.model import (
    ContextField,
    ContextFieldChange,
    ContextFieldDraft,
    ContextFieldState,
    built_in,
    check,
    check_value,
    operands,
)
from flagkeeper.features.context_fields.ports import FieldConstraints, FieldSegments, FieldUses
from flagkeeper.features.context_fields.queries import not_found
from flagkeeper.features.projects import queries as projects
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import Conflict, InvalidOperation, NameExists
from flagkeeper.kernel.existing import Existing


def seed(unit: Unit) -> None:
    """Creates the fields that every SDK knows."""
    for field in built_in(unit.now):
        if store.add(unit.tx, field):
            unit.record(ContextFieldCreated(data=field.payload()), field.state())


def create(unit: Unit, draft: ContextFieldDraft) -> ContextField:
    """Raises `BadData`, `NameExists`, or `NotFound` for its project."""
    return _add(unit, draft.field(unit.now))


def restore(unit: Unit, state: ContextFieldState) -> None:
    """Brings a field that was deleted back as it was. Raises what `create` does."""
    _add(unit, state.restored())


def update(
    unit: Unit,
    name: str,
    change: ContextFieldChange,
    uses: FieldUses,
    segments: FieldSegments,
    constraints: FieldConstraints,
    project: str | None = None,
) -> None:
    """Here as below, `project` says whose field it must be; None: anybody's.

    Raises:
        NotFound: there is no such field, or no project that it is to belong to.
        BadData: it would break a rule.
        InvalidOperation: other projects use what is to become one project's own.
        Conflict: a constraint compares with a legal value that is to go.
    """
    old = _load(unit, name, project)
    new = change.applied_to(old)
    if new.project and new.project != old.project:
        projects.lock_shared(unit.tx, new.project)
        users = {use.project_id for use in uses(unit.tx, [name]).get(name, [])} | set(segments(unit.tx, name))
        if users - {new.project}:
            raise InvalidOperation(
                "Other projects use this context field, so it cannot be made the own one of a project."
            )
    _demand_unused_values(unit, old, new, constraints)
    _save(unit, old, new)


def bring(unit: Unit, draft: ContextFieldDraft, created_at: Millis | None, existing: Existing) -> None:
    """Makes a field what an import says, or a new one of it. Raises `BadData`, or `NotFound` for its project."""
    new = draft.field(created_at or unit.now)
    old = store.find(unit.tx, draft.name)
    if old is None:
        _add(unit, new)
    elif existing is not Existing.KEEP:
        if new.project is not None:
            projects.lock_shared(unit.tx, new.project)
        _save(unit, old, replace(new, created_at=old.created_at))


def drop(unit: Unit, name: str, constraints: FieldConstraints) -> None:
    """Deletes a field that an import does not have. Does nothing for one that is gone. Raises `Conflict` as `delete`
    does."""
    old = store.find(unit.tx, name)
    if old is not None:
        _demand_unused(unit, name, constraints)
        _remove(unit, old)


def delete_of_project(unit: Unit, project: str, most: int) -> int:
    """Deletes at most so many of the own fields of a project that is being deleted, whatever uses them; returns how
    many."""
    found = store.of_project(unit.tx, project)[:most]
    for field in found:
        _remove(unit, field)
    return len(found)


def set_legal_value(unit: Unit, name: str, value: LegalValue, project: str | None = None) -> None:
    """Adds a legal value, or changes its description. Raises `NotFound` or `BadData`."""
    check_value(value, "/body")
    old = _load(unit, name, project)
    _save(unit, old, old.with_value(value))


def remove_legal_value(
    unit: Unit, name: str, value: str, constraints: FieldConstraints, project: str | None = None
) -> None:
    """Does nothing when there is no such value. The last one may go whoever uses it: without any, every value is legal.

    Raises:
        NotFound: there is no such field.
        Conflict: a constraint compares with it.
    """
    old = _load(unit, name, project)
    new = old.without_value(value)
    _demand_unused_values(unit, old, new, constraints)
    _save(unit, old, new)


def delete(unit: Unit, name: str, constraints: FieldConstraints, project: str | None = None) -> None:
    """Raises `NotFound`, or `Conflict` while a strategy, be it a default one, or a segment has a constraint on it."""
    old = _load(unit, name, project)
    _demand_unused(unit, name, constraints)
    _remove(unit, old)


def _add(unit: Unit, field: ContextField) -> ContextField:
    check(field)
    if field.project is not None:
        projects.lock_shared(unit.tx, field.project)
    if not store.add(unit.tx, field):
        raise NameExists(f"There is a context field called {field.name!r} already.")
    unit.record(ContextFieldCreated(data=field.payload()), field.state())
    return field


def _demand_unused(unit: Unit, name: str, constraints: FieldConstraints) -> None:
    if any(True for _ in constraints(unit.tx, name)):
        message = f"Strategies or segments have constraints on the context field {name!r}. Remove those first"
        raise Conflict(f"{message}; revive or delete archived flags that have them.")


def _demand_unused_values(unit: Unit, old: ContextField, new: ContextField, constraints: FieldConstraints) -> None:
    gone = old.no_longer_legal(new)
    if gone and (
        used := sorted(gone.intersection(value for each in constraints(unit.tx, old.name) for value in operands(each)))
    ):
        values = ", ".join(repr(value) for value in used)
        message = f"Strategies or segments compare the context field {old.name!r} with {values}. Change those first"
        raise Conflict(f"{message}; revive or delete archived flags that do so.")


def _remove(unit: Unit, old: ContextField) -> None:
    store.remove(unit.tx, old.name)
    unit.record(ContextFieldDeleted(data=NameData(name=old.name), pre_data=old.payload()), Gone(ContextFieldState))


def _save(unit: Unit, old: ContextField, new: ContextField) -> None:
    check(new)
    if new == old:
        return
    store.save(unit.tx, new)
    unit.record(ContextFieldUpdated(data=new.payload(), pre_data=old.payload()), new.state())


def _load(unit: Unit, name: str, project: str | None) -> ContextField:
    found = store.find(unit.tx, name)
    if found is None or project not in (None, found.project):
        raise not_found(name)
    return found
