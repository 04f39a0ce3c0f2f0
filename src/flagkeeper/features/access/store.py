"""Saving roles and who has them, for commands. Private to this slice."""

from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from flagkeeper.features.access.model import Membership, Role
from flagkeeper.features.access.tables import role_permissions, roles, user_roles
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_INSERT_ROLE = Write[Any](insert(roles))
_INSERT_PERMISSION = Write[Any](insert(role_permissions))
_REMOVE_PERMISSIONS = Write[Any](delete(role_permissions).where(role_permissions.c.role_id == bindparam("role_id")))
_MEMBERS = Query(
    select(user_roles.c.user_id, user_roles.c.role_id)
    .where(user_roles.c.project == bindparam("project"))
    .order_by(user_roles.c.user_id, user_roles.c.role_id)
    .with_for_update(),
    Membership,
)
_PROJECTS_OF = Query(
    select(user_roles.c.project)
    .distinct()
    .where(user_roles.c.user_id == bindparam("user_id"))
    .order_by(user_roles.c.project),
    str,
)
_GRANT = Write[Any](upsert(user_roles, key=["user_id", "role_id", "project"]))
_REVOKE_USER = Write[Any](
    delete(user_roles).where(user_roles.c.project == bindparam("project"), user_roles.c.user_id == bindparam("user_id"))
)
_REVOKE_ALL = Write[Any](delete(user_roles).where(user_roles.c.project == bindparam("project")))


def add_role(tx: Transaction, role: Role) -> None:
    tx.write(_INSERT_ROLE, id=role.id, name=role.name, description=role.description, type=role.type)
    _add_permissions(tx, role)


def set_permissions(tx: Transaction, role: Role) -> None:
    """Puts those of `role` in the place of what it allowed."""
    tx.write(_REMOVE_PERMISSIONS, role_id=role.id)
    _add_permissions(tx, role)


def _add_permissions(tx: Transaction, role: Role) -> None:
    tx.write_many(
        _INSERT_PERMISSION,
        [
            {"role_id": role.id, "permission": each.name, "environment": each.environment or None}
            for each in role.permissions
        ],
    )


def members(tx: Transaction, project: str) -> list[Membership]:
    """Who has which role in a project, locked until the unit ends."""
    return tx.all(_MEMBERS, project=project)


def projects_of(tx: Transaction, user_id: int) -> list[str]:
    return tx.all(_PROJECTS_OF, user_id=user_id)


def grant(tx: Transaction, project: str, user_id: int, role_id: int) -> None:
    tx.write(_GRANT, project=project, user_id=user_id, role_id=role_id)


def revoke_user(tx: Transaction, project: str, user_id: int) -> None:
    tx.write(_REVOKE_USER, project=project, user_id=user_id)


def revoke_all(tx: Transaction, project: str) -> bool:
    """Whether anybody had a role in it."""
    return tx.write(_REVOKE_ALL, project=project) > 0
