"""Whom to send to."""

from collections.abc import Mapping

import msgspec
import structlog
from sqlalchemy import func, literal_column, select, union_all

from flagkeeper.eventlog.tables import events
from flagkeeper.integrations.config.model import Integration
from flagkeeper.integrations.config.queries import all_integrations, opened
from flagkeeper.integrations.delivery.fanout import INTEGRATION_TYPES
from flagkeeper.integrations.protocol.provider import Parameters, Provider
from flagkeeper.integrations.registry import PROVIDERS
from flagkeeper.kernel.secrets import Keyring, Unreadable
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

log = structlog.get_logger("flagkeeper.sender")

_NEWEST_OF_EACH = union_all(
    *(
        select(func.max(events.c.id).label("id")).where(events.c.type == literal_column(f"'{each}'"))
        for each in sorted(INTEGRATION_TYPES)
    )
).subquery()
"""Each type for itself and written out: bound as a list, PostgreSQL goes through the whole log from its end, hoping to
meet one soon."""
_NEWEST_CHANGE = Query(select(func.max(_NEWEST_OF_EACH.c.id)), lambda event_id: int(event_id or 0))


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """An integration as the sender needs it."""

    integration_id: int
    provider: Provider
    parameters: Parameters
    """In clear: never logged, never shown."""
    ordered: bool
    problem: str = ""
    """Why nothing can be sent there."""


def receiver_of(integration: Integration, keyring: Keyring) -> Receiver:
    """Raises `KeyError` when this version does not know the provider."""
    parameters: Parameters = {}
    problem = ""
    try:
        parameters = opened(integration, keyring)
    except Unreadable as error:
        problem = str(error)
    return Receiver(
        integration_id=integration.id,
        provider=PROVIDERS[integration.provider],
        parameters=parameters,
        ordered=integration.ordered,
        problem=problem,
    )


def version(tx: Transaction) -> int:
    """A number that changes whenever an integration does: each change is an event."""
    return tx.first(_NEWEST_CHANGE) or 0


def receivers(tx: Transaction, keyring: Keyring) -> Mapping[int, Receiver]:
    """All integrations that are switched on."""
    found = {}
    for integration in all_integrations(tx):
        if integration.enabled and integration.provider in PROVIDERS:
            found[integration.id] = receiver_of(integration, keyring)
            if integration.problem:
                log.warning("unreadable_query", integration=integration.id, problem=integration.problem)
        elif integration.enabled:
            log.warning("unknown_provider", integration=integration.id, provider=integration.provider)
    return found
