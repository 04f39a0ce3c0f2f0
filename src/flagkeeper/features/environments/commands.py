"""Changing environments: load, decide, write, record."""

from collections.abc import Mapping

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.environment import EnvironmentCreated, EnvironmentUpdated
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.environments import store
from flagkeeper.features.environments.model import BUILT_IN, Environment, check_sort_order
from flagkeeper.kernel.errors import NotFound


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
