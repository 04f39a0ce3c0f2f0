"""Reading integrations, for everybody."""

from sqlalchemy import bindparam, select

from flagkeeper.integrations.config_model import Integration
from flagkeeper.integrations.config_store import COLUMNS, to_integration
from flagkeeper.integrations.config_tables import integrations
from flagkeeper.integrations.provider import Parameters
from flagkeeper.integrations.registry import PROVIDERS
from flagkeeper.integrations.secrets import Keyring
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_ALL = Query(select(*COLUMNS).order_by(integrations.c.id), to_integration)
_BY_ID = Query(select(*COLUMNS).where(integrations.c.id == bindparam("id")), to_integration)


def all_integrations(tx: Transaction) -> list[Integration]:
    return tx.all(_ALL)


def integration(tx: Transaction, integration_id: int) -> Integration:
    """Raises `NotFound`."""
    found = tx.first(_BY_ID, id=integration_id)
    if found is None:
        raise NotFound(f"There is no integration with the id {integration_id}.")
    return found


def opened(found: Integration, keyring: Keyring) -> Parameters:
    """The parameters in clear, for sending.

    Raises:
        Unreadable: no key opens one of them.
    """
    sensitive = sensitive_names(found.provider)
    return {
        name: keyring.open(value, place(found.id, name)) if name in sensitive else value
        for name, value in found.parameters.items()
    }


def sensitive_names(provider: str) -> frozenset[str]:
    """What a provider keeps sealed."""
    known = PROVIDERS.get(provider)
    return frozenset(each.name for each in known.definition.parameters if each.sensitive) if known else frozenset()


def place(integration_id: int, parameter: str) -> str:
    """Where a secret is kept."""
    return f"integration/{integration_id}/{parameter}"
