"""Changing environments: load, decide, write, record."""

from collections.abc import Mapping

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.environment import (
    EnvironmentCreated,
    EnvironmentDeleted,
    EnvironmentImport,
    EnvironmentUpdated,
)
from flagkeeper.eventlog.query import EVERYTHING
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.environments import store
from flagkeeper.features.environments.model import (
    BUILT_IN,
    Environment,
    EnvironmentChange,
    EnvironmentDraft,
    EnvironmentState,
    changed,
    check_sort_order,
    drafted,
)
from flagkeeper.features.environments.ports import EnvironmentUses
from flagkeeper.kernel.errors import Conflict, InvalidOperation, LimitExceeded, NameExists, NotFound
from flagkeeper.kernel.existing import Existing


def set_enabled(unit: Unit, name: str, enabled: bool) -> None:
    """Raises `NotFound`."""
    old = store.load(unit.tx, name)
    _save(unit, old, replace(old, enabled=enabled))


def set_sort_orders(unit: Unit, sort_orders: Mapping[str, int]) -> None:
    """Gives some environments a new place.

    Raises:
        NotFound, BadData: an unknown environment, or an impossible number; then none of them is moved.
    """
    known = store.load_all(unit.tx)
    for name, sort_order in sorted(sort_orders.items()):
        if name not in known:
            raise NotFound(f"There is no environment called {name!r}.")
        check_sort_order(sort_order, name)
        _save(unit, known[name], replace(known[name], sort_order=sort_order))


def create(unit: Unit, draft: EnvironmentDraft) -> Environment:
    """Raises `BadData`, `NameExists` or `LimitExceeded`."""
    known, most = store.load_all(unit.tx), unit.limits.environments
    new = drafted(draft, max((each.sort_order for each in known.values()), default=0))
    if new.name in known:
        raise NameExists(f"There is an environment called {new.name!r} already.")
    if len(known) >= most:
        raise LimitExceeded(f"There are {most} environments already, which is the limit. Delete one first.")
    store.add(unit.tx, new)
    unit.record(EnvironmentCreated(environment=new.name, data=new.payload()), new.state())
    return new


def update(unit: Unit, name: str, change: EnvironmentChange) -> None:
    """Raises `NotFound` or `BadData`."""
    old = store.load(unit.tx, name)
    _save(unit, old, changed(old, change))


def delete(unit: Unit, name: str, uses: EnvironmentUses) -> None:
    """Deletes an environment that nothing uses.

    Raises:
        NotFound: there is none.
        InvalidOperation: it is protected, or the only one.
        Conflict: a project has it, or a token reads it.
    """
    known = store.load_all(unit.tx)
    if name not in known:
        raise NotFound(f"There is no environment called {name!r}.")
    if known[name].protected or len(known) == 1:
        raise InvalidOperation(f"The environment {name!r} is protected, or the only one, and cannot be deleted.")
    projects, tokens = (count(unit.tx, None, EVERYTHING).get(name, 0) for count in (uses.projects, uses.tokens))
    if projects or tokens:
        raise Conflict(
            f"The environment {name!r} belongs to {projects} projects, and {tokens} API tokens read it. Take it away "
            "from the projects, and delete the tokens first."
        )
    store.remove(unit.tx, name)
    unit.record(EnvironmentDeleted(environment=name, pre_data=known[name].payload()), Gone(EnvironmentState))


def bring(unit: Unit, environment: Environment, existing: Existing) -> None:
    """Makes an environment what an import says, or a new one of it."""
    old = store.find(unit.tx, environment.name)
    if old is None:
        store.add(unit.tx, environment)
    elif existing is Existing.KEEP or (existing is Existing.REPLACE and old == environment):
        return
    else:
        store.save(unit.tx, environment)
    unit.record(EnvironmentImport(data=environment.payload()), environment.state())


def drop(unit: Unit, name: str, uses: EnvironmentUses) -> None:
    """Deletes an environment that nothing uses.

    Raises:
        NotFound: there is none.
        Conflict: a project has it, or a token reads it.
    """
    old = store.load(unit.tx, name)
    if any(count(unit.tx, None, EVERYTHING).get(name) for count in (uses.projects, uses.tokens)):
        raise Conflict(f"The environment {name!r} is used by a project or a token by now. Import again.")
    store.remove(unit.tx, name)
    unit.record(EnvironmentDeleted(environment=name, pre_data=old.payload()), Gone(EnvironmentState))


def seed(unit: Unit) -> None:
    """Creates the environments of a new server that are not there yet."""
    for environment in BUILT_IN:
        if store.add(unit.tx, environment):
            unit.record(
                EnvironmentCreated(environment=environment.name, data=environment.payload()), environment.state()
            )


def _save(unit: Unit, old: Environment, new: Environment) -> None:
    if new == old:
        return
    store.save(unit.tx, new)
    unit.record(EnvironmentUpdated(environment=new.name, data=new.payload(), pre_data=old.payload()), new.state())
