"""Reading context fields, for everybody."""

from collections.abc import Iterable

from sqlalchemy import bindparam, select

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access.model import is_hidden
from flagkeeper.features.context_fields.model import ContextField, LegalValues, check_legal
from flagkeeper.features.context_fields.ports import FieldUses, StrategyUse
from flagkeeper.features.context_fields.store import COLUMNS, to_field
from flagkeeper.features.context_fields.tables import context_fields
from flagkeeper.features.projects import queries as projects
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_ALL = Query(select(*COLUMNS).order_by(context_fields.c.name), to_field)
_BY_NAME = Query(select(*COLUMNS).where(context_fields.c.name == bindparam("name")), to_field)
_BY_NAMES = Query(select(*COLUMNS).where(any_of(context_fields.c.name, "names")), to_field)

FieldWithUses = tuple[ContextField, list[StrategyUse]]


def all_fields(tx: Transaction) -> list[ContextField]:
    """By name."""
    return tx.all(_ALL)


def fields_among(tx: Transaction, names: list[str]) -> list[ContextField]:
    """Those of `names` that exist."""
    return tx.all(_BY_NAMES, names=names)


def name_is_taken(tx: Transaction, name: str) -> bool:
    return tx.first(_BY_NAME, name=name) is not None


def visible_field(tx: Transaction, name: str, visibility: Visibility, project: str | None = None) -> ContextField:
    """A field; with `project`, one of its own. Raises `NotFound`, also for that of a project of which the reader may
    not know."""
    found = tx.first(_BY_NAME, name=name)
    if found is None or is_hidden(found.project, visibility) or project not in (None, found.project):
        raise not_found(name)
    return found


def fields(
    tx: Transaction, uses: FieldUses, visibility: Visibility, *, of_all: bool, of_projects: bool, project: str | None
) -> list[FieldWithUses]:
    """Fields by name, with the strategies that use them. `of_all`: those that every project may use; `of_projects`:
    those of single projects, or of `project` alone.

    Raises:
        NotFound: there is no such project.
    """
    if project is not None:
        projects.demand_visible(tx, project, visibility)
    found = [
        each
        for each in tx.all(_ALL)
        if (of_all if each.project is None else of_projects and project in (None, each.project))
        and not is_hidden(each.project, visibility)
    ]
    used = uses(tx, [each.name for each in found])
    return [(each, _seen(used.get(each.name, []), visibility, project)) for each in found]


def field_with_uses(
    tx: Transaction, name: str, uses: FieldUses, visibility: Visibility, project: str | None = None
) -> FieldWithUses:
    """Raises what `visible_field` does. Uses in hidden projects are left out."""
    found = visible_field(tx, name, visibility, project)
    return found, _seen(uses(tx, [name]).get(name, []), visibility, None)


def strategies_with(
    tx: Transaction, name: str, uses: FieldUses, visibility: Visibility, project: str | None = None
) -> list[StrategyUse]:
    """The strategies with constraints on a field, in `project` if there is one; nothing for a field that nobody
    defined and nobody uses."""
    if project is not None:
        projects.demand_visible(tx, project, visibility)
    found = tx.first(_BY_NAME, name=name)
    if found is not None and is_hidden(found.project, visibility):
        raise not_found(name)
    return _seen(uses(tx, [name]).get(name, []), visibility, project)


def legal_values(tx: Transaction, constraints: Iterable[Constraint]) -> LegalValues:
    """Of the fields that constraints are about."""
    names = sorted({constraint.context_name for constraint in constraints})
    if not names:
        return {}
    found = tx.all(_BY_NAMES, names=names)
    return {each.name: frozenset(value.value for value in each.legal_values) for each in found if each.legal_values}


def demand_legal(
    tx: Transaction, constraints: list[Constraint], path: str, before: list[Constraint] | None = None
) -> None:
    """Raises `BadData` for a value that is not legal, of a constraint that was not there `before`."""
    if constraints != (before or []):
        check_legal(constraints, legal_values(tx, constraints), path, before or [])


def demand_legal_everywhere(tx: Transaction, constraint: Constraint) -> None:
    """Checks a constraint that is still being written against the fields that every project may use.

    Raises:
        BadData: a value is not legal.
    """
    found = tx.first(_BY_NAME, name=constraint.context_name)
    if found is not None and found.project is None and found.legal_values:
        legal = {found.name: frozenset(value.value for value in found.legal_values)}
        check_legal([constraint], legal, "/body")


def not_found(name: str) -> NotFound:
    return NotFound(f"There is no context field called {name!r}.")


def _seen(uses: list[StrategyUse], visibility: Visibility, project: str | None) -> list[StrategyUse]:
    return [use for use in uses if not is_hidden(use.project_id, visibility) and project in (None, use.project_id)]
