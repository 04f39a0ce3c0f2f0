"""Numbers about the whole server."""

import csv
import io
from hashlib import sha256
from typing import Any, Literal

import msgspec

from flagkeeper import __version__
from flagkeeper.eventlog.index.search import Search
from flagkeeper.eventlog.query import EVERYTHING
from flagkeeper.eventlog.query.conditions import EventQuery, Field, condition
from flagkeeper.eventlog.read import log_position
from flagkeeper.features.instance.model import OIDC, SAML, SCIM
from flagkeeper.features.instance.queries import settings_of
from flagkeeper.features.tokens import queries as tokens
from flagkeeper.features.users import queries as users
from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import Millis
from flagkeeper.readmodels.statistics import counts
from flagkeeper.storage.transaction import Transaction


class ApiTokens(msgspec.Struct, frozen=True, kw_only=True):
    client: int
    admin: int
    frontend: int
    backend: int
    """The same as `client`."""


class ActiveUsers(msgspec.Struct, frozen=True, kw_only=True):
    """Those who have logged in, or whose tokens were used."""

    last7: int
    last30: int
    last60: int
    last90: int


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Events of flags in environments of the type `production`."""

    last30: int
    last60: int
    last90: int


class ClientApps(msgspec.Struct, frozen=True, kw_only=True):
    range: Literal["7d", "30d", "allTime"]
    count: int


class MetricsBuckets(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    enabled_count: int
    variant_count: int


class Statistics(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    timestamp: clock.Iso
    instance_id: str
    version_oss: str = msgspec.field(name="versionOSS", default=__version__)
    version_enterprise: str = ""
    users: int
    service_accounts: int
    api_tokens: ApiTokens
    active_users: ActiveUsers
    licensed_users: int
    read_only_users: int
    """Those whose root role is Viewer, and who have no role in a project."""
    feature_toggles: int
    archived_feature_toggles: int
    projects: int
    context_fields: int
    roles: int
    custom_root_roles: int
    custom_root_roles_in_use: int
    groups: int
    environments: int
    segments: int
    strategies: int
    saml_enabled: bool = msgspec.field(name="SAMLenabled")
    oidc_enabled: bool = msgspec.field(name="OIDCenabled")
    scim_enabled: bool = msgspec.field(name="SCIMenabled")
    password_auth_enabled: bool
    client_apps: list[ClientApps]
    feature_exports: int
    feature_imports: int
    production_changes: Changes
    previous_day_metrics_buckets_count: MetricsBuckets
    max_environment_strategies: int
    max_constraints: int
    max_constraint_values: int
    release_templates: int = 0
    release_plans: int = 0
    sum: str
    """A checksum of the numbers."""


def statistics(tx: Transaction, search: Search, now: Millis, *, passwords: bool) -> Statistics:
    """Numbers as of now. What is counted in the log is counted in its archive, too."""
    table = counts.tables(tx)
    last_seen = tokens.last_seen(tx)
    seen = [last_seen.get(each.user.id, 0) for each in users.all_users(tx)]
    active = {days: sum(at > now - days * clock.DAY for at in seen) for days in (7, 30, 60, 90)}
    largest = counts.largest(tx)
    client, admin, frontend = (counts.tokens(tx).get(kind, 0) for kind in ("client", "admin", "frontend"))
    on = {name for name, details in settings_of(tx, (OIDC, SAML, SCIM)).items() if details.enabled is True}
    found = Statistics(
        timestamp=clock.to_iso(now),
        instance_id=log_position(tx).epoch,
        users=table.users,
        service_accounts=table.service_accounts,
        groups=table.groups,
        api_tokens=ApiTokens(client=client, admin=admin, frontend=frontend, backend=client),
        active_users=ActiveUsers(**{f"last{days}": number for days, number in active.items()}),
        licensed_users=active[60],
        read_only_users=table.read_only_users,
        feature_toggles=table.flags,
        archived_feature_toggles=table.archived_flags,
        projects=table.projects,
        context_fields=table.context_fields,
        roles=table.roles,
        custom_root_roles=table.custom_root_roles,
        custom_root_roles_in_use=table.custom_root_roles_in_use,
        environments=table.environments,
        segments=table.segments,
        strategies=table.strategies,
        saml_enabled=SAML in on,
        oidc_enabled=OIDC in on,
        scim_enabled=SCIM in on,
        password_auth_enabled=passwords,
        client_apps=_apps(tx, now),
        feature_exports=_events(tx, search, "features-exported"),
        feature_imports=_events(tx, search, "features-imported"),
        production_changes=_changes(tx, search, now),
        previous_day_metrics_buckets_count=MetricsBuckets(
            **dict(zip(("enabled_count", "variant_count"), counts.buckets(tx, now), strict=True))
        ),
        max_environment_strategies=largest.strategies,
        max_constraints=largest.constraints,
        max_constraint_values=largest.values,
        sum="",
    )
    numbers = msgspec.json.encode(msgspec.structs.replace(found, timestamp=""))
    return msgspec.structs.replace(found, sum=sha256(numbers).hexdigest())


def as_csv(found: Statistics) -> str:
    """A line of names and a line of values. What has parts has a column for each: `activeUsers.last7`."""
    columns = dict(_flat("", msgspec.to_builtins(found)))
    text = io.StringIO()
    csv.writer(text).writerows([columns.keys(), columns.values()])
    return text.getvalue()


def _flat(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [each for key, part in value.items() for each in _flat(f"{name}.{key}" if name else key, part)]
    if isinstance(value, list):
        return [each for part in value for each in _flat(f"{name}.{part['range']}", part["count"])]
    return [(name, value)]


def _apps(tx: Transaction, now: Millis) -> list[ClientApps]:
    return [
        ClientApps(range="7d", count=counts.applications(tx, now - 7 * clock.DAY)),
        ClientApps(range="30d", count=counts.applications(tx, now - 30 * clock.DAY)),
        ClientApps(range="allTime", count=counts.applications(tx, 0)),
    ]


def _events(tx: Transaction, search: Search, type_: str) -> int:
    return search.total(tx, EventQuery(conditions=(condition(Field.TYPE, type_),)), EVERYTHING).events


def _changes(tx: Transaction, search: Search, now: Millis) -> Changes:
    places = counts.production(tx)
    if not places:
        return Changes(last30=0, last60=0, last90=0)
    where = (condition(Field.ENVIRONMENT, *places),)
    last30, last60, last90 = (
        search.total(tx, EventQuery(conditions=where, since=now - days * clock.DAY), EVERYTHING).events
        for days in (30, 60, 90)
    )
    return Changes(last30=last30, last60=last60, last90=last90)
