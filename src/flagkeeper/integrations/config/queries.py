"""Reading integrations, for everybody."""

from collections.abc import Sequence

from msgspec.structs import replace
from sqlalchemy import bindparam, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access.model import is_hidden
from flagkeeper.integrations.config.model import Integration
from flagkeeper.integrations.config.store import COLUMNS, to_integration
from flagkeeper.integrations.config.tables import integrations
from flagkeeper.integrations.protocol.provider import Parameters
from flagkeeper.integrations.registry import PROVIDERS
from flagkeeper.kernel.errors import NotFound
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_ALL = Query(select(*COLUMNS).order_by(integrations.c.id), to_integration)
_BY_IDS = Query(select(*COLUMNS).where(any_of(integrations.c.id, "ids")).order_by(integrations.c.id), to_integration)
_BY_ID = Query(select(*COLUMNS).where(integrations.c.id == bindparam("id")), to_integration)


def all_integrations(tx: Transaction) -> list[Integration]:
    return tx.all(_ALL)


def integration(tx: Transaction, integration_id: int) -> Integration:
    """Raises `NotFound`."""
    found = tx.first(_BY_ID, id=integration_id)
    if found is None:
        raise _not_found(integration_id)
    return found


def visible_integrations(tx: Transaction, visibility: Visibility) -> list[Integration]:
    """All but those that are for hidden projects alone; without the names of these."""
    return [seen for each in all_integrations(tx) if (seen := _seen(each, visibility))]


def visible_integration(tx: Transaction, integration_id: int, visibility: Visibility) -> Integration:
    """One of `visible_integrations`. Raises `NotFound`."""
    seen = _seen(integration(tx, integration_id), visibility)
    if seen is None:
        raise _not_found(integration_id)
    return seen


def hidden_names(tx: Transaction, integration_id: int, visibility: Visibility) -> list[str]:
    """The projects of an integration whose names the reader was not shown: replacing it keeps them.
    Raises what `visible_integration` does."""
    visible_integration(tx, integration_id, visibility)
    return [project for project in integration(tx, integration_id).projects if is_hidden(project, visibility)]


def opened(found: Integration, keyring: Keyring) -> Parameters:
    """The parameters in clear, for sending.

    Raises:
        Unreadable: no key opens one of them.
    """
    sensitive = sensitive_names(found.provider)
    return {
        name: keyring.open(value, secret_location(found.id, name)) if name in sensitive else value
        for name, value in found.parameters.items()
    }


def sensitive_names(provider: str) -> frozenset[str]:
    """What a provider keeps sealed."""
    known = PROVIDERS.get(provider)
    return frozenset(each.name for each in known.definition.parameters if each.sensitive) if known else frozenset()


def secret_location(integration_id: int, parameter: str) -> str:
    """Where a secret is kept."""
    return f"integration/{integration_id}/{parameter}"


def _seen(found: Integration, visibility: Visibility) -> Integration | None:
    """An integration without the names of hidden projects. None: it is for these alone."""
    projects = [project for project in found.projects if not is_hidden(project, visibility)]
    return None if found.projects and not projects else replace(found, projects=projects)


def _not_found(integration_id: int) -> NotFound:
    return NotFound(f"There is no integration with the id {integration_id}.")


def integrations_of(tx: Transaction, ids: Sequence[int]) -> list[Integration]:
    """Those of `ids` that exist."""
    return tx.all(_BY_IDS, ids=list(ids))
