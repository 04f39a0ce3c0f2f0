"""Saving roles and who has them, for commands. Private to this slice."""

from typing import Any

from msgspec.structs import asdict
from sqlalchemy import bindparam, delete, insert, select

from flagkeeper.features.access.model import ProjectAccess, Role
from flagkeeper.features.access.tables import group_roles, role_permissions, roles, user_roles
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_INSERT_ROLE = Write[Any](insert(roles))
_INSERT_PERMISSION = Write[Any](insert(role_permissions))
_PROJECTS_OF_USER = Query(
    select(user_roles.c.project)
    .distinct()
    .where(user_roles.c.user_id == bindparam("user_id"))
    .order_by(user_roles.c.project),
    str,
)
_PROJECTS_OF_GROUP = Query(
    select(group_roles.c.project)
    .distinct()
    .where(group_roles.c.group_id == bindparam("group_id"))
    .order_by(group_roles.c.project),
    str,
)
_GRANT_USER = Write[Any](upsert(user_roles, key=["user_id", "role_id", "project"]))
_GRANT_GROUP = Write[Any](upsert(group_roles, key=["group_id", "role_id", "project"]))
_REVOKE_USER = Write[Any](
    delete(user_roles).where(
        user_roles.c.project == bindparam("project"),
        user_roles.c.user_id == bindparam("user_id"),
        user_roles.c.role_id == bindparam("role_id"),
    )
)
_REVOKE_GROUP = Write[Any](
    delete(group_roles).where(
        group_roles.c.project == bindparam("project"),
        group_roles.c.group_id == bindparam("group_id"),
        group_roles.c.role_id == bindparam("role_id"),
    )
)
_REVOKE_USERS = Write[Any](delete(user_roles).where(user_roles.c.project == bindparam("project")))
_REVOKE_GROUPS = Write[Any](delete(group_roles).where(group_roles.c.project == bindparam("project")))


def add_role(tx: Transaction, role: Role) -> None:
    tx.write(_INSERT_ROLE, id=role.id, name=role.name, description=role.description, type=role.type)
    tx.write_many(
        _INSERT_PERMISSION,
        [
            {"role_id": role.id, "permission": each.name, "environment": each.environment or None}
            for each in role.permissions
        ],
    )


def projects_of_user(tx: Transaction, user_id: int) -> list[str]:
    return tx.all(_PROJECTS_OF_USER, user_id=user_id)


def projects_of_group(tx: Transaction, group_id: int) -> list[str]:
    return tx.all(_PROJECTS_OF_GROUP, group_id=group_id)


def save_access(tx: Transaction, project: str, old: ProjectAccess, new: ProjectAccess) -> None:
    """Stores what differs."""
    for user in set(old.members).difference(new.members):
        tx.write(_REVOKE_USER, project=project, user_id=user.user_id, role_id=user.role_id)
    for group in set(old.groups).difference(new.groups):
        tx.write(_REVOKE_GROUP, project=project, group_id=group.group_id, role_id=group.role_id)
    users = sorted(set(new.members).difference(old.members))
    groups = sorted(set(new.groups).difference(old.groups))
    tx.write_many(_GRANT_USER, [{**asdict(each), "project": project} for each in users])
    tx.write_many(_GRANT_GROUP, [{**asdict(each), "project": project} for each in groups])


def revoke_all(tx: Transaction, project: str) -> bool:
    """Whether anybody had a role in it."""
    users, groups = tx.write(_REVOKE_USERS, project=project), tx.write(_REVOKE_GROUPS, project=project)
    return users + groups > 0
