"""Counting rows."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, distinct, func, select

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.features.access.model import VIEWER
from flagkeeper.features.access.tables import roles, user_roles
from flagkeeper.features.context_fields.tables import context_fields
from flagkeeper.features.environments.model import PRODUCTION
from flagkeeper.features.environments.tables import environments
from flagkeeper.features.flags.tables import feature_strategies, features
from flagkeeper.features.groups.tables import groups
from flagkeeper.features.projects.tables import projects
from flagkeeper.features.segments.tables import segments
from flagkeeper.features.strategies.tables import strategies
from flagkeeper.features.tokens.tables import api_tokens
from flagkeeper.features.usage.tables import client_applications, client_metrics, client_metrics_variants
from flagkeeper.features.users.model.user import PERSON, SERVICE
from flagkeeper.features.users.tables import users
from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

CUSTOM_ROOT = "root-custom"
"""The type of root roles that people define."""


class Tables(msgspec.Struct, frozen=True):
    """How many there are."""

    users: int
    """People."""
    service_accounts: int
    groups: int
    read_only_users: int
    flags: int
    archived_flags: int
    projects: int
    roles: int
    custom_root_roles: int
    custom_root_roles_in_use: int
    context_fields: int
    environments: int
    segments: int
    strategies: int


class Largest(msgspec.Struct, frozen=True):
    """Of all flags: the most strategies in one environment, the most constraints of a strategy, the most values of a
    constraint."""

    strategies: int
    constraints: int
    values: int


def _number(table: Any, *where: ColumnElement[bool]) -> Any:
    return select(func.count()).select_from(table).where(*where).scalar_subquery()


_IN_PROJECT = select(user_roles.c.user_id).where(user_roles.c.user_id == users.c.id).exists()
_TABLES = Query(
    select(
        _number(users, users.c.account_type == PERSON),
        _number(users, users.c.account_type == SERVICE),
        _number(groups),
        _number(users, users.c.account_type == PERSON, users.c.root_role == VIEWER.id, ~_IN_PROJECT),
        _number(features, features.c.archived_at.is_(None)),
        _number(features, features.c.archived_at.is_not(None)),
        _number(projects, projects.c.archived_at.is_(None)),
        _number(roles),
        _number(roles, roles.c.type == CUSTOM_ROOT),
        select(func.count(distinct(users.c.root_role)))
        .join(roles, roles.c.id == users.c.root_role)
        .where(roles.c.type == CUSTOM_ROOT)
        .scalar_subquery(),
        _number(context_fields),
        _number(environments),
        _number(segments),
        _number(strategies),
    ),
    Tables,
)
_TOKENS = Query(
    select(api_tokens.c.type, func.count()).group_by(api_tokens.c.type), lambda kind, number: (str(kind), int(number))
)
_APPLICATIONS = Query(
    select(func.count()).select_from(client_applications).where(client_applications.c.seen_at >= bindparam("since")),
    int,
)
_PRODUCTION = Query(select(environments.c.name).where(environments.c.type == PRODUCTION), str)
_STRATEGIES = Query(
    select(func.count())
    .select_from(feature_strategies)
    .group_by(feature_strategies.c.feature_name, feature_strategies.c.environment)
    .order_by(func.count().desc())
    .limit(1),
    int,
)
_CONSTRAINTS = Query(
    select(feature_strategies.c.constraints).where(feature_strategies.c.constraints != "[]").distinct(),
    lambda text: msgspec.json.decode(text, type=list[Constraint]),
)
_BUCKETS = Query(
    select(
        *(
            _number(table, table.c.start >= bindparam("since"), table.c.start < bindparam("until"))
            for table in (client_metrics, client_metrics_variants)
        )
    ),
    lambda enabled, variants: (int(enabled), int(variants)),
)


def tables(tx: Transaction) -> Tables:
    return tx.all(_TABLES)[0]


def tokens(tx: Transaction) -> Mapping[str, int]:
    """API tokens by type."""
    return dict(tx.all(_TOKENS))


def applications(tx: Transaction, since: Millis) -> int:
    """Those that have been seen since then."""
    return tx.first(_APPLICATIONS, since=since) or 0


def production(tx: Transaction) -> list[str]:
    """Environments that are production."""
    return tx.all(_PRODUCTION)


def largest(tx: Transaction) -> Largest:
    found = tx.all(_CONSTRAINTS)
    values = (len(constraint.values) for constraints in found for constraint in constraints)
    return Largest(tx.first(_STRATEGIES) or 0, max(map(len, found), default=0), max(values, default=0))


def buckets(tx: Transaction, now: Millis) -> tuple[int, int]:
    """Rows of metrics, and of variants in them, that began yesterday (UTC)."""
    today = now - now % clock.DAY
    return tx.all(_BUCKETS, since=today - clock.DAY, until=today)[0]
