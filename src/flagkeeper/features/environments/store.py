"""Loading and saving environments, for commands. Private to this slice."""

from typing import Any

from sqlalchemy import bindparam, delete, select, update

from flagkeeper.features.environments.model import Environment
from flagkeeper.features.environments.tables import environments
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

COLUMNS = (
    environments.c.name,
    environments.c.type,
    environments.c.sort_order,
    environments.c.enabled,
    environments.c.protected,
    environments.c.required_approvals,
)


def to_environment(
    name: str, type_: str, sort_order: int, enabled: bool, protected: bool, required_approvals: int | None
) -> Environment:
    """A row of `COLUMNS` as an environment."""
    return Environment(
        name=name,
        type=type_,
        sort_order=sort_order,
        enabled=enabled,
        protected=protected,
        required_approvals=required_approvals,
    )


_LOCKED = Query(select(*COLUMNS).where(environments.c.name == bindparam("name")).with_for_update(), to_environment)
_ALL_LOCKED = Query(select(*COLUMNS).order_by(environments.c.name).with_for_update(), to_environment)
_INSERT = Write[Any](upsert(environments, key=["name"]))
_UPDATE = Write[Any](
    update(environments)
    .where(environments.c.name == bindparam("name"))
    .values(
        type=bindparam("type"),
        sort_order=bindparam("sort_order"),
        enabled=bindparam("enabled"),
        protected=bindparam("protected"),
        required_approvals=bindparam("required_approvals"),
    )
)
_DELETE = Write[Any](delete(environments).where(environments.c.name == bindparam("name")))


def find(tx: Transaction, name: str) -> Environment | None:
    """The environment, locked until the unit ends."""
    return tx.first(_LOCKED, name=name)


def load(tx: Transaction, name: str) -> Environment:
    """The same.

    Raises:
        NotFound: there is no such environment.
    """
    found = find(tx, name)
    if found is None:
        raise NotFound(f"There is no environment called {name!r}.")
    return found


def load_all(tx: Transaction) -> dict[str, Environment]:
    """Every environment by its name, all locked until the unit ends. There are never more than a few dozen."""
    return {environment.name: environment for environment in tx.all(_ALL_LOCKED)}


def add(tx: Transaction, environment: Environment) -> bool:
    """False when the name is taken; then nothing happens."""
    return tx.write(_INSERT, **_row(environment)) > 0


def save(tx: Transaction, environment: Environment) -> None:
    tx.write(_UPDATE, **_row(environment))


def remove(tx: Transaction, name: str) -> None:
    tx.write(_DELETE, name=name)


def _row(environment: Environment) -> dict[str, Any]:
    return {
        "name": environment.name,
        "type": environment.type,
        "sort_order": environment.sort_order,
        "enabled": environment.enabled,
        "protected": environment.protected,
        "required_approvals": environment.required_approvals,
    }
