"""Changing strategy definitions: load, decide, write, record."""

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.payload import NameData
from flagkeeper.eventlog.catalogue.strategy import (
    StrategyCreated,
    StrategyDeleted,
    StrategyDeprecated,
    StrategyImport,
    StrategyReactivated,
    StrategyUpdated,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.strategies import store
from flagkeeper.features.strategies.model import (
    BUILT_IN,
    Strategy,
    StrategyChange,
    StrategyDraft,
    StrategyState,
    check,
)
from flagkeeper.features.strategies.ports import StrategyUses
from flagkeeper.kernel.errors import Conflict, Forbidden, NameExists
from flagkeeper.kernel.existing import Existing


def create(unit: Unit, draft: StrategyDraft) -> Strategy:
    """Raises `BadData` or `NameExists`."""
    strategy = draft.strategy()
    check(strategy)
    if not _add(unit, strategy):
        raise NameExists(f"There is a strategy called {strategy.name!r} already.")
    return strategy


def update(unit: Unit, name: str, change: StrategyChange) -> None:
    """Raises `NotFound`, `BadData`, or `Forbidden` for a built-in strategy."""
    old = _load_custom(unit, name)
    new = change.applied_to(old)
    check(new)
    if new == old:
        return
    store.save(unit.tx, new)
    unit.record(StrategyUpdated(data=new.payload(), pre_data=old.payload()), new.state())


def delete(unit: Unit, name: str, uses: StrategyUses) -> None:
    """Raises `NotFound`, `Forbidden` for a built-in strategy, or `Conflict` while a flag uses it."""
    _load_custom(unit, name)
    if flags := uses(unit.tx, name):
        names = ", ".join(flags)
        raise Conflict(f"The strategy is used by {names}. Remove it from them first; revive or delete archived ones.")
    store.remove(unit.tx, name)
    unit.record(StrategyDeleted(data=NameData(name=name)), Gone(StrategyState))


def deprecate(unit: Unit, name: str) -> None:
    """Flags keep a deprecated strategy, and people are not offered it any more. Raises `NotFound`."""
    old = store.load(unit.tx, name)
    if not old.deprecated:
        new = replace(old, deprecated=True)
        store.save(unit.tx, new)
        unit.record(StrategyDeprecated(data=NameData(name=name)), new.state())


def reactivate(unit: Unit, name: str) -> None:
    """Raises `NotFound`."""
    old = store.load(unit.tx, name)
    if old.deprecated:
        new = replace(old, deprecated=False)
        store.save(unit.tx, new)
        unit.record(StrategyReactivated(data=NameData(name=name)), new.state())


def bring(unit: Unit, draft: StrategyDraft, existing: Existing) -> None:
    """Makes a definition what an import says, or a new one of it. A built-in one stays what every SDK relies on: it can
    only be deprecated, or no longer be. Raises `BadData`."""
    wanted = draft.strategy()
    check(wanted)
    old = store.find(unit.tx, draft.name)
    if old is None:
        store.add(unit.tx, wanted)
    elif existing is Existing.KEEP:
        return
    else:
        if old.built_in:
            wanted = replace(old, deprecated=draft.deprecated)
        if wanted == old and (old.built_in or existing is Existing.REPLACE):
            return
        store.save(unit.tx, wanted)
    unit.record(StrategyImport(data=wanted.payload()), wanted.state())


def seed(unit: Unit) -> None:
    """Creates the built-in strategies that are not there yet."""
    for strategy in BUILT_IN:
        _add(unit, strategy)


def _add(unit: Unit, strategy: Strategy) -> bool:
    if not store.add(unit.tx, strategy):
        return False
    unit.record(StrategyCreated(data=strategy.payload()), strategy.state())
    return True


def _load_custom(unit: Unit, name: str) -> Strategy:
    strategy = store.load(unit.tx, name)
    if strategy.built_in:
        raise Forbidden(f"{name!r} is a built-in strategy: every SDK relies on it, so it stays as it is.")
    return strategy
