"""Loading and saving integrations, for commands. Private to this package."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from flagkeeper.integrations.config.model import Integration
from flagkeeper.integrations.config.tables import integrations, secret_keys
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.sequences import last_id, next_id
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

COLUMNS = (
    integrations.c.id,
    integrations.c.provider,
    integrations.c.description,
    integrations.c.enabled,
    integrations.c.parameters,
    integrations.c.events,
    integrations.c.projects,
    integrations.c.environments,
    integrations.c.query,
)


def to_integration(
    id_: int,
    provider: str,
    description: str | None,
    enabled: bool,
    parameters: str,
    events: str,
    projects: str,
    environments: str,
    query: str | None,
) -> Integration:
    """A row of `COLUMNS` as an integration."""
    return Integration(
        id=id_,
        provider=provider,
        description=description,
        enabled=enabled,
        parameters=msgspec.json.decode(parameters, type=dict[str, str]),
        events=msgspec.json.decode(events, type=list[str]),
        projects=msgspec.json.decode(projects, type=list[str]),
        environments=msgspec.json.decode(environments, type=list[str]),
        query=query or "",
    )


_BY_ID = Query(select(*COLUMNS).where(integrations.c.id == bindparam("id")).with_for_update(), to_integration)
_INSERT = Write[Any](insert(integrations))
_UPDATE = Write[Any](
    update(integrations)
    .where(integrations.c.id == bindparam("id"))
    .values({column.name: bindparam(column.name) for column in integrations.columns if column.name != "id"})
)
_DELETE = Write[Any](delete(integrations).where(integrations.c.id == bindparam("id")))
_KEY = Query(select(secret_keys.c.key).where(secret_keys.c.id == bindparam("id")), lambda key: str(key))
_INSERT_KEY = Write[Any](upsert(secret_keys, key=["id"]))

_ONLY_KEY = 1
_SEQUENCE = "integrations"


def new_id(tx: Transaction) -> int:
    return next_id(tx, _SEQUENCE)


def was_given(tx: Transaction, integration_id: int) -> bool:
    """Whether an integration ever had this id."""
    return 0 < integration_id <= last_id(tx, _SEQUENCE)


def find(tx: Transaction, integration_id: int) -> Integration | None:
    """The integration, locked until the unit ends."""
    return tx.first(_BY_ID, id=integration_id)


def load(tx: Transaction, integration_id: int) -> Integration:
    """The same. Raises `NotFound` when there is no such integration."""
    found = find(tx, integration_id)
    if found is None:
        raise NotFound(f"There is no integration with the id {integration_id}.")
    return found


def add(tx: Transaction, integration: Integration) -> None:
    tx.write(_INSERT, **_row(integration))


def save(tx: Transaction, integration: Integration) -> None:
    tx.write(_UPDATE, **_row(integration))


def remove(tx: Transaction, integration_id: int) -> None:
    tx.write(_DELETE, id=integration_id)


def kept_key(tx: Transaction, fresh: str, now: Millis) -> str:
    """The key in the database; `fresh`, where there was none."""
    tx.write(_INSERT_KEY, id=_ONLY_KEY, key=fresh, created_at=now)
    return tx.first(_KEY, id=_ONLY_KEY) or fresh


def _row(integration: Integration) -> dict[str, Any]:
    return {
        "id": integration.id,
        "provider": integration.provider,
        "description": integration.description,
        "enabled": integration.enabled,
        "parameters": msgspec.json.encode(integration.parameters).decode(),
        "events": msgspec.json.encode(integration.events).decode(),
        "projects": msgspec.json.encode(integration.projects).decode(),
        "environments": msgspec.json.encode(integration.environments).decode(),
        "query": integration.query or None,
    }
