"""Reading environments, for everybody."""

import msgspec
from sqlalchemy import bindparam, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.environments.model import Environment
from flagkeeper.features.environments.ports import EnvironmentUses
from flagkeeper.features.environments.store import COLUMNS, to_environment
from flagkeeper.features.environments.tables import environments
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction


class UsedEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment, and how much there is in it."""

    environment: Environment
    projects: int
    tokens: int
    enabled_flags: int


_ALL = Query(select(*COLUMNS).order_by(environments.c.sort_order, environments.c.name), to_environment)
_BY_NAME = Query(select(*COLUMNS).where(environments.c.name == bindparam("name")), to_environment)
_BY_NAMES = Query(select(*COLUMNS).where(any_of(environments.c.name, "names")), to_environment)
_SHARED = Query(
    select(*COLUMNS).where(environments.c.name == bindparam("name")).with_for_update(read=True), to_environment
)


def all_environments(tx: Transaction) -> list[Environment]:
    """In the order in which people see them."""
    return tx.all(_ALL)


def environment(tx: Transaction, name: str) -> Environment:
    """Raises `NotFound`."""
    return _found(tx.first(_BY_NAME, name=name), name)


def lock_shared(tx: Transaction, name: str) -> Environment:
    """The environment, which nobody may change or delete until the unit ends; many may hold it at once.

    Raises:
        NotFound: there is no such environment.
    """
    return _found(tx.first(_SHARED, name=name), name)


def all_with_uses(tx: Transaction, uses: EnvironmentUses, visibility: Visibility) -> list[UsedEnvironment]:
    return _counted(tx, all_environments(tx), uses, visibility)


def environment_with_uses(tx: Transaction, name: str, uses: EnvironmentUses, visibility: Visibility) -> UsedEnvironment:
    """Raises `NotFound`."""
    return _counted(tx, [environment(tx, name)], uses, visibility)[0]


def name_is_taken(tx: Transaction, name: str) -> bool:
    return tx.first(_BY_NAME, name=name) is not None


def environments_among(tx: Transaction, names: list[str]) -> list[Environment]:
    """Those of `names` that exist."""
    return tx.all(_BY_NAMES, names=names)


def _counted(
    tx: Transaction, found: list[Environment], uses: EnvironmentUses, visibility: Visibility
) -> list[UsedEnvironment]:
    projects, tokens = uses.projects(tx, None, visibility), uses.tokens(tx, None, visibility)
    flags = uses.enabled_flags(tx, None, visibility)
    return [
        UsedEnvironment(
            environment=each,
            projects=projects.get(each.name, 0),
            tokens=tokens.get(each.name, 0),
            enabled_flags=flags.get(each.name, 0),
        )
        for each in found
    ]


def _found(environment: Environment | None, name: str) -> Environment:
    if environment is None:
        raise NotFound(f"There is no environment called {name!r}.")
    return environment
