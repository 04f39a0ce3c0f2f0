"""Reading what the view of credentials is made of."""

from collections import defaultdict
from collections.abc import Mapping

import msgspec
from sqlalchemy import select

from flagkeeper.features.access.tables import role_permissions, user_roles
from flagkeeper.features.projects.model import Mode
from flagkeeper.features.projects.tables import projects as project_table
from flagkeeper.features.tokens.tables import api_tokens, personal_access_tokens
from flagkeeper.features.users.tables import users as user_table
from flagkeeper.http.access import ADMINISTRATOR, NOTHING, Allowed, Projects
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.kernel.actor import ADMIN_TOKEN_USER_ID, SYSTEM_USER_ID
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction


class Pat(msgspec.Struct, frozen=True):
    """A personal access token: which it is, whose, and until when."""

    id: int
    user_id: int
    expires_at: Millis


class User(msgspec.Struct, frozen=True):
    """A user, and the roles that they have, by id."""

    name: str
    root_role: int
    members: Mapping[str, tuple[int, ...]]
    """By project."""


_PERMISSIONS = Query(
    select(role_permissions.c.role_id, role_permissions.c.permission, role_permissions.c.environment), columns
)
_PROJECT_ROLES = Query(select(user_roles.c.user_id, user_roles.c.role_id, user_roles.c.project), columns)
_USERS = Query(
    select(user_table.c.id, user_table.c.email, user_table.c.username, user_table.c.root_role),
    columns,
)
_PROJECTS = Query(select(project_table.c.id, project_table.c.mode), columns)
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


def roles(tx: Transaction) -> Mapping[int, Allowed]:
    """What every role that allows anything does allow."""
    found: defaultdict[int, defaultdict[str, set[str | None]]] = defaultdict(lambda: defaultdict(set))
    for role_id, permission, environment in tx.all(_PERMISSIONS):
        found[role_id][permission].add(environment)
    return {
        role_id: {permission: frozenset(environments) for permission, environments in allowed.items()}
        for role_id, allowed in found.items()
    }


def users(tx: Transaction) -> Mapping[int, User]:
    """Every user with all roles."""
    members: defaultdict[int, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for user_id, role_id, project in tx.all(_PROJECT_ROLES):
        members[user_id][project].append(role_id)
    return {
        user_id: User(
            name=email or username,
            root_role=root_role,
            members={project: tuple(sorted(held)) for project, held in members.get(user_id, {}).items()},
        )
        for user_id, email, username, root_role in tx.all(_USERS)
    }


def projects(tx: Transaction) -> Projects:
    """All projects by who may work in them, and who may know of them."""
    modes = dict(tx.all(_PROJECTS))
    return Projects(
        known=frozenset(modes),
        closed=frozenset(project for project, mode in modes.items() if mode != Mode.OPEN),
        private=frozenset(project for project, mode in modes.items() if mode == Mode.PRIVATE),
    )


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
