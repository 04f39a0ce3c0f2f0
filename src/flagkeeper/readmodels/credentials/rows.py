"""Reading what the view of credentials is made of."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, select

from flagkeeper.features.access.tables import group_roles, role_permissions, user_roles
from flagkeeper.features.groups.tables import group_users
from flagkeeper.features.groups.tables import groups as group_table
from flagkeeper.features.projects.tables import projects as project_table
from flagkeeper.features.tokens.tables import api_tokens, personal_access_tokens
from flagkeeper.features.users.tables import users as user_table
from flagkeeper.http.access import ADMINISTRATOR, NOTHING, Allowed
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.kernel.actor import ADMIN_TOKEN_USER_ID, SYSTEM_USER_ID
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction

RowT = TypeVar("RowT")


class Pat(msgspec.Struct, frozen=True):
    """A personal access token: which it is, whose, and until when."""

    id: int
    user_id: int
    expires_at: Millis


class User(msgspec.Struct, frozen=True):
    """A person or a service account, and their own root role."""

    name: str
    root_role: int


class Group(msgspec.Struct, frozen=True):
    """Who belongs to a group, and its root role."""

    root_role: int | None
    users: frozenset[int]


Holder = tuple[str, int]
"""Who has roles in projects: `USER` or `GROUP`, and the id."""
USER, GROUP = "user", "group"
Held = Mapping[Holder, tuple[int, ...]]
"""Who has which roles in one project."""
Ids = Collection[int] | None
"""Which ones are read; None: all."""


class _Rows(Generic[RowT]):
    """Rows of one table: all, or those that belong to some things."""

    def __init__(self, column: ColumnElement[Any], *columns_: ColumnElement[Any], to: Callable[..., RowT]) -> None:
        self._all = Query(select(column, *columns_), to)
        self._some = Query(select(column, *columns_).where(any_of(column, "names")), to)

    def read(self, tx: Transaction, names: Collection[int] | Collection[str] | None) -> list[RowT]:
        return tx.all(self._all) if names is None else tx.all(self._some, names=sorted(names))


_ROLES = _Rows(role_permissions.c.role_id, role_permissions.c.permission, role_permissions.c.environment, to=columns)
_USER_ROLES = _Rows(user_roles.c.project, user_roles.c.user_id, user_roles.c.role_id, to=columns)
_GROUP_ROLES = _Rows(group_roles.c.project, group_roles.c.group_id, group_roles.c.role_id, to=columns)
_USERS = _Rows(user_table.c.id, user_table.c.email, user_table.c.username, user_table.c.root_role, to=columns)
_GROUPS = _Rows(group_table.c.id, group_table.c.root_role, to=columns)
_MEMBERS = _Rows(group_users.c.group_id, group_users.c.user_id, to=columns)
_MODES = _Rows(project_table.c.id, project_table.c.mode, to=columns)
_TOKENS = Query(
    select(
        api_tokens.c.secret_hash,
        api_tokens.c.id,
        api_tokens.c.name,
        api_tokens.c.type,
        api_tokens.c.projects,
        api_tokens.c.environment,
        api_tokens.c.expires_at,
    ),
    columns,
)
_PATS = Query(
    select(
        personal_access_tokens.c.secret_hash,
        personal_access_tokens.c.id,
        personal_access_tokens.c.user_id,
        personal_access_tokens.c.expires_at,
    ),
    columns,
)


def roles(tx: Transaction, ids: Ids = None) -> dict[int, Allowed]:
    """What every role that allows anything does allow."""
    found: defaultdict[int, defaultdict[str, set[str | None]]] = defaultdict(lambda: defaultdict(set))
    for role_id, permission, environment in _ROLES.read(tx, ids):
        found[role_id][permission].add(environment)
    return {
        role_id: {permission: frozenset(environments) for permission, environments in allowed.items()}
        for role_id, allowed in found.items()
    }


def users(tx: Transaction, ids: Ids = None) -> dict[int, User]:
    return {user_id: User(email or username, root_role) for user_id, email, username, root_role in _USERS.read(tx, ids)}


def groups(tx: Transaction, ids: Ids = None) -> dict[int, Group]:
    members: defaultdict[int, set[int]] = defaultdict(set)
    for group_id, user_id in _MEMBERS.read(tx, ids):
        members[group_id].add(user_id)
    return {group_id: Group(root_role, frozenset(members[group_id])) for group_id, root_role in _GROUPS.read(tx, ids)}


def held(tx: Transaction, projects: Collection[str] | None = None) -> dict[str, Held]:
    """By project, who has which roles in it; those where nobody has any are left out."""
    found: defaultdict[str, defaultdict[Holder, list[int]]] = defaultdict(lambda: defaultdict(list))
    for kind, rows in ((USER, _USER_ROLES), (GROUP, _GROUP_ROLES)):
        for project, holder, role_id in rows.read(tx, projects):
            found[project][kind, holder].append(role_id)
    return {
        project: {holder: tuple(sorted(roles)) for holder, roles in holders.items()}
        for project, holders in found.items()
    }


def modes(tx: Transaction, projects: Collection[str] | None = None) -> dict[str, str]:
    """Who may work in each project, and who may know of it."""
    return dict(_MODES.read(tx, projects))


def tokens(tx: Transaction) -> Mapping[str, Credential]:
    """Every API token by the hash of its secret."""
    return {
        secret_hash: Credential(
            kind=Kind(kind),
            id=str(token_id),
            name=name,
            user_id=ADMIN_TOKEN_USER_ID if kind == Kind.ADMIN else SYSTEM_USER_ID,
            access=ADMINISTRATOR if kind == Kind.ADMIN else NOTHING,
            projects=tuple(msgspec.json.decode(projects, type=list[str])),
            environment=environment,
            expires_at=expires_at,
        )
        for secret_hash, token_id, name, kind, projects, environment, expires_at in tx.all(_TOKENS)
    }


def pats(tx: Transaction) -> Mapping[str, Pat]:
    """Every personal access token by the hash of its secret."""
    return {secret_hash: Pat(*pat) for secret_hash, *pat in tx.all(_PATS)}
