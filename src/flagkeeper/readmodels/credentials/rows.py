"""Reading what the view of credentials is made of."""

from collections import defaultdict

import msgspec
from sqlalchemy import select

from flagkeeper.features.access.tables import role_permissions, user_roles
from flagkeeper.features.tokens.tables import api_tokens, personal_access_tokens
from flagkeeper.features.users.tables import users as user_table
from flagkeeper.http.caller import Credential, Grant, Kind
from flagkeeper.kernel.actor import ADMIN_TOKEN_USER_ID, SYSTEM_USER_ID
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction


class Pat(msgspec.Struct, frozen=True):
    """A personal access token: whose it is, and until when."""

    user_id: int
    expires_at: Millis


_PERMISSIONS = Query(
    select(role_permissions.c.role_id, role_permissions.c.permission, role_permissions.c.environment), columns
)
_PROJECT_ROLES = Query(select(user_roles.c.user_id, user_roles.c.role_id, user_roles.c.project), columns)
_USERS = Query(
    select(user_table.c.id, user_table.c.email, user_table.c.username, user_table.c.root_role),
    columns,
)
_TOKENS = Query(
    select(
        api_tokens.c.secret_hash,
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
        personal_access_tokens.c.user_id,
        personal_access_tokens.c.expires_at,
    ),
    columns,
)


def users(tx: Transaction) -> dict[int, Credential]:
    """Every user with the union of what the root role and all project roles allow."""
    allowed: defaultdict[int, list[tuple[str, str | None]]] = defaultdict(list)
    for role_id, permission, environment in tx.all(_PERMISSIONS):
        allowed[role_id].append((permission, environment))
    of_root = {
        role_id: frozenset(Grant(permission, None, environment) for permission, environment in permissions)
        for role_id, permissions in allowed.items()
    }
    of_projects: defaultdict[int, set[Grant]] = defaultdict(set)
    for user_id, role_id, project in tx.all(_PROJECT_ROLES):
        of_projects[user_id] |= {
            Grant(permission, project, environment) for permission, environment in allowed[role_id]
        }
    return {
        user_id: Credential(
            kind=Kind.USER,
            name=email or username,
            user_id=user_id,
            grants=of_root.get(root_role, frozenset()) | of_projects.get(user_id, frozenset()),
        )
        for user_id, email, username, root_role in tx.all(_USERS)
    }


def tokens(tx: Transaction) -> dict[str, Credential]:
    """Every API token by the hash of its secret."""
    return {
        secret_hash: Credential(
            kind=Kind(kind),
            name=name,
            user_id=ADMIN_TOKEN_USER_ID if kind == Kind.ADMIN else SYSTEM_USER_ID,
            projects=tuple(msgspec.json.decode(projects, type=list[str])),
            environment=environment,
            expires_at=expires_at,
        )
        for secret_hash, name, kind, projects, environment, expires_at in tx.all(_TOKENS)
    }


def pats(tx: Transaction) -> dict[str, Pat]:
    """Every personal access token by the hash of its secret."""
    return {secret_hash: Pat(user_id, expires_at) for secret_hash, user_id, expires_at in tx.all(_PATS)}
