"""Which SDKs run where."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import bindparam, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.usage.model import is_outdated
from flagkeeper.features.usage.queries.applications import Instance, fields, hidden_from, known_application, uses_of
from flagkeeper.features.usage.tables import client_instances
from flagkeeper.storage.dialects import none_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

MOST_INSTANCES = 1_000
"""Shown of one application and environment: those seen last."""

_SDKS = Query(
    select(client_instances.c.sdk_version, client_instances.c.app_name)
    .where(client_instances.c.sdk_version.is_not(None), none_of(client_instances.c.app_name, "unseen"))
    .distinct(),
    lambda sdk, application: (str(sdk), str(application)),
)
_INSTANCES = Query(
    select(*fields(client_instances, Instance))
    .where(client_instances.c.app_name == bindparam("name"), client_instances.c.environment == bindparam("environment"))
    .order_by(client_instances.c.seen_at.desc(), client_instances.c.instance_id)
    .limit(MOST_INSTANCES),
    Instance,
)


def outdated_sdks(tx: Transaction, visibility: Visibility) -> list[tuple[str, list[str]]]:
    """SDKs that are too old, `name:version`, and the applications that have them; without applications that read
    nothing but hidden projects."""
    _, unseen = hidden_from(tx, visibility)
    return outdated(tx.all(_SDKS, unseen=unseen))


def outdated(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Those SDKs that are too old among pairs of SDK and application."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for sdk, application in pairs:
        if is_outdated(sdk):
            found[sdk].add(application)
    return [(sdk, sorted(applications)) for sdk, applications in sorted(found.items())]


def instances_in(tx: Transaction, name: str, environment: str, visibility: Visibility) -> list[Instance]:
    """Those of an application, the one seen last first. None when there is no such application, or when it reads
    nothing there but hidden projects."""
    if known_application(tx, name, visibility) is None:
        return []
    if not any(use.environment == environment for use in uses_of(tx, name, visibility)):
        return []
    return tx.all(_INSTANCES, name=name, environment=environment)
