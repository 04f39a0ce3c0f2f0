"""Reading strategy definitions, for everybody."""

from sqlalchemy import bindparam, select

from flagkeeper.features.strategies.model import Strategy
from flagkeeper.features.strategies.store import COLUMNS, to_strategy
from flagkeeper.features.strategies.tables import strategies
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_ALL = Query(select(*COLUMNS).order_by(strategies.c.sort_order, strategies.c.name), to_strategy)
_BY_NAME = Query(select(*COLUMNS).where(strategies.c.name == bindparam("name")), to_strategy)
_BY_NAMES = Query(select(*COLUMNS).where(any_of(strategies.c.name, "names")), to_strategy)
_SHARED = Query(
    select(strategies.c.name).where(strategies.c.name == bindparam("name")).with_for_update(read=True),
    str,
)


def all_strategies(tx: Transaction) -> list[Strategy]:
    """Built-in ones first."""
    return tx.all(_ALL)


def strategy(tx: Transaction, name: str) -> Strategy:
    """Raises `NotFound`."""
    found = tx.first(_BY_NAME, name=name)
    if found is None:
        raise NotFound(f"There is no strategy called {name!r}.")
    return found


def strategy_exists(tx: Transaction, name: str) -> bool:
    return tx.first(_BY_NAME, name=name) is not None


def lock_shared(tx: Transaction, name: str) -> bool:
    """Whether the strategy exists; if so, nobody may delete it until the unit ends."""
    return tx.first(_SHARED, name=name) is not None


def strategies_among(tx: Transaction, names: list[str]) -> list[Strategy]:
    """Those of `names` that exist."""
    return tx.all(_BY_NAMES, names=names)
