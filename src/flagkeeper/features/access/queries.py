"""Reading roles, for everybody."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from flagkeeper.features.access.model import GroupMembership, Membership, ProjectAccess, Role, RolePermission
from flagkeeper.features.access.tables import group_roles, role_permissions, roles, user_roles
from flagkeeper.kernel.errors import BadData, Detail, NotFound
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

_GROUPS = Query(
    select(group_roles.c.project, group_roles.c.group_id, group_roles.c.role_id)
    .where(any_of(group_roles.c.project, "projects"))
    .order_by(group_roles.c.project, group_roles.c.group_id, group_roles.c.role_id),
    lambda project, group_id, role_id: (str(project), GroupMembership(group_id, role_id)),
)
_PROJECTS_OF_GROUPS = Query(
    select(group_roles.c.group_id, group_roles.c.project)
    .distinct()
    .where(any_of(group_roles.c.group_id, "groups"))
    .order_by(group_roles.c.group_id, group_roles.c.project),
    lambda group_id, project: (int(group_id), str(project)),
)
ROOT_ROLE = "/body/rootRole"


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


def demand_root_role(tx: Transaction, role_id: int) -> None:
    """Raises `BadData` when it is no role that somebody can have outside of projects."""
    possible = [each for each in all_roles(tx) if each.is_root]
    if role_id not in {each.id for each in possible}:
        names = ", ".join(f"{each.name} ({each.id})" for each in possible)
        raise BadData(f"There is no root role {role_id}. Use one of {names}.", Detail(f"One of {names}.", ROOT_ROLE))


def accesses(tx: Transaction, projects: Sequence[str]) -> Mapping[str, ProjectAccess]:
    """Who has which role in each of these projects; those where nobody has any are left out."""
    users: defaultdict[str, list[Membership]] = defaultdict(list)
    groups: defaultdict[str, list[GroupMembership]] = defaultdict(list)
    for project, member in tx.all(_MEMBERS, projects=list(projects)):
        users[project].append(member)
    for project, group in tx.all(_GROUPS, projects=list(projects)):
        groups[project].append(group)
    return {
        project: ProjectAccess(members=tuple(users[project]), groups=tuple(groups[project]))
        for project in {*users, *groups}
    }


def project_access(tx: Transaction, project: str) -> ProjectAccess:
    """The same for one of them."""
    return accesses(tx, [project]).get(project, ProjectAccess())


def projects_of_groups(tx: Transaction, groups: Sequence[int]) -> Mapping[int, list[str]]:
    """The projects in which each of these groups has roles; a group that has none is left out."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for group_id, project in tx.all(_PROJECTS_OF_GROUPS, groups=list(groups)):
        found[group_id].append(project)
    return found
