"""Reading roles, for everybody."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from flagkeeper.features.access.model import Membership, Role, RolePermission
from flagkeeper.features.access.tables import role_permissions, roles, user_roles
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction

_ROLES = Query(select(roles.c.id, roles.c.name, roles.c.description, roles.c.type).order_by(roles.c.id), columns)
_PERMISSIONS = Query(
    select(role_permissions.c.role_id, role_permissions.c.permission, role_permissions.c.environment),
    lambda role_id, permission, environment: (int(role_id), RolePermission(permission, environment or "")),
)
_MEMBERS = Query(
    select(user_roles.c.project, user_roles.c.user_id, user_roles.c.role_id)
    .where(any_of(user_roles.c.project, "projects"))
    .order_by(user_roles.c.project, user_roles.c.user_id, user_roles.c.role_id),
    lambda project, user_id, role_id: (str(project), Membership(user_id, role_id)),
)


def all_roles(tx: Transaction) -> list[Role]:
    """Every role with what it allows, the predefined ones first."""
    allowed: defaultdict[int, list[RolePermission]] = defaultdict(list)
    for role_id, permission in tx.all(_PERMISSIONS):
        allowed[role_id].append(permission)
    return [
        Role(id=id_, name=name, description=description, type=type_, permissions=tuple(sorted(allowed[id_])))
        for id_, name, description, type_ in tx.all(_ROLES)
    ]


def role(tx: Transaction, role_id: int) -> Role:
    """Raises `NotFound`."""
    for found in all_roles(tx):
        if found.id == role_id:
            return found
    raise NotFound(f"There is no role with the id {role_id}.")


def members(tx: Transaction, projects: Sequence[str]) -> Mapping[str, list[Membership]]:
    """Who has which role in each of these projects, in order of users and roles; those where nobody has any are
    left out."""
    found: defaultdict[str, list[Membership]] = defaultdict(list)
    for project, member in tx.all(_MEMBERS, projects=list(projects)):
        found[project].append(member)
    return found
