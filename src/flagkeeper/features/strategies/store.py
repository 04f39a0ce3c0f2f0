"""Loading and saving strategy definitions, for commands. Private to this slice."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, select, update

from flagkeeper.eventlog.catalogue.strategy import StrategyParameterData
from flagkeeper.features.strategies.model import Strategy
from flagkeeper.features.strategies.tables import strategies
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

COLUMNS = (
    strategies.c.name,
    strategies.c.display_name,
    strategies.c.description,
    strategies.c.title,
    strategies.c.parameters,
    strategies.c.built_in,
    strategies.c.deprecated,
    strategies.c.sort_order,
)


def to_strategy(*row: Any) -> Strategy:
    """A row of `COLUMNS` as a strategy definition."""
    name, display_name, description, title, parameters, built_in, deprecated, sort_order = row
    return Strategy(
        name=name,
        display_name=display_name,
        description=description,
        title=title,
        parameters=msgspec.json.decode(parameters, type=list[StrategyParameterData]),
        built_in=built_in,
        deprecated=deprecated,
        sort_order=sort_order,
    )


_LOCKED = Query(select(*COLUMNS).where(strategies.c.name == bindparam("name")).with_for_update(), to_strategy)
_INSERT = Write[Any](upsert(strategies, key=["name"]))
_UPDATE = Write[Any](
    update(strategies)
    .where(strategies.c.name == bindparam("name"))
    .values(
        description=bindparam("description"),
        title=bindparam("title"),
        parameters=bindparam("parameters"),
        deprecated=bindparam("deprecated"),
    )
)
_DELETE = Write[Any](delete(strategies).where(strategies.c.name == bindparam("name")))


def find(tx: Transaction, name: str) -> Strategy | None:
    """The definition, locked until the unit ends."""
    return tx.first(_LOCKED, name=name)


def load(tx: Transaction, name: str) -> Strategy:
    """The same.

    Raises:
        NotFound: there is no such strategy.
    """
    found = find(tx, name)
    if found is None:
        raise NotFound(f"There is no strategy called {name!r}.")
    return found


def add(tx: Transaction, strategy: Strategy) -> bool:
    """False when the name is taken; then nothing happens."""
    changed = tx.write(
        _INSERT,
        **_changing(strategy),
        display_name=strategy.display_name,
        built_in=strategy.built_in,
        sort_order=strategy.sort_order,
    )
    return changed > 0


def save(tx: Transaction, strategy: Strategy) -> None:
    tx.write(_UPDATE, **_changing(strategy))


def remove(tx: Transaction, name: str) -> None:
    tx.write(_DELETE, name=name)


def _changing(strategy: Strategy) -> dict[str, Any]:
    return {
        "name": strategy.name,
        "description": strategy.description,
        "title": strategy.title,
        "parameters": msgspec.json.encode(strategy.parameters).decode(),
        "deprecated": strategy.deprecated,
    }
