"""Reading roles, for everybody."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import bindparam, func, select

from flagkeeper.features.access.model import (
    GroupMembership,
    Membership,
    ProjectAccess,
    Role,
    RoleDraft,
    RolePermission,
    check_role,
)
from flagkeeper.features.access.ports import EnvironmentNames
from flagkeeper.features.access.tables import group_roles, role_permissions, roles, user_roles
from flagkeeper.kernel.errors import BadData, Detail, NameExists, NotFound
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
_PROJECTS_OF = Query(
    select(user_roles.c.project)
    .where(user_roles.c.user_id == bindparam("user_id"))
    .union(select(group_roles.c.project).where(any_of(group_roles.c.group_id, "groups"))),
    str,
)
_USERS_WITH = Query(
    select(user_roles.c.project, func.count())
    .where(user_roles.c.role_id == bindparam("role_id"))
    .group_by(user_roles.c.project),
    lambda project, number: (str(project), int(number)),
)
_GROUPS_WITH = Query(
    select(group_roles.c.project, func.count())
    .where(group_roles.c.role_id == bindparam("role_id"))
    .group_by(group_roles.c.project),
    lambda project, number: (str(project), int(number)),
)
ROOT_ROLE = "/body/rootRole"


class RoleUses(msgspec.Struct, frozen=True, kw_only=True):
    """How many have a role in a project."""

    users: int
    """Service accounts too."""
    groups: int


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
    found = find_role(tx, role_id)
    if found is None:
        raise NotFound(f"There is no role with the id {role_id}.")
    return found


def find_role(tx: Transaction, role_id: int) -> Role | None:
    return next((each for each in all_roles(tx) if each.id == role_id), None)


def roles_in_projects(tx: Transaction) -> list[Role]:
    """Those that somebody can have in a project."""
    return [each for each in all_roles(tx) if not each.is_root]


def role_in_projects(tx: Transaction, role_id: int) -> Role:
    """One of them. Raises `NotFound`."""
    found = find_role(tx, role_id)
    if found is None or found.is_root:
        raise NotFound(f"There is no role for projects with the id {role_id}.")
    return found


def root_roles(tx: Transaction) -> list[Role]:
    """Those that somebody can have outside of projects."""
    return [each for each in all_roles(tx) if each.is_root]


def uses_of(tx: Transaction, role_id: int) -> Mapping[str, RoleUses]:
    """By project, how many users and groups have a role there."""
    users, groups = (dict(tx.all(query, role_id=role_id)) for query in (_USERS_WITH, _GROUPS_WITH))
    return {
        project: RoleUses(users=users.get(project, 0), groups=groups.get(project, 0))
        for project in sorted({*users, *groups})
    }


def demand_root_role(tx: Transaction, role_id: int) -> None:
    """Raises `BadData` when it is no role that somebody can have outside of projects."""
    possible = root_roles(tx)
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


def projects_of(tx: Transaction, user_id: int, groups: Sequence[int]) -> list[str]:
    """The projects in which a user or one of these groups has roles."""
    return sorted(tx.all(_PROJECTS_OF, user_id=user_id, groups=list(groups)))


def check_draft(tx: Transaction, role_id: int | None, draft: RoleDraft, environments: EnvironmentNames) -> None:
    """Checks what a role is to be; None: a new one. Raises `BadData` or `NameExists`."""
    check_role(draft)
    known = set(environments(tx))
    for number, each in enumerate(draft.permissions):
        if each.environment and each.environment not in known:
            raise BadData(
                f"There is no environment called {each.environment!r}.",
                Detail("There is no such environment.", f"/body/permissions/{number}/environment"),
            )
    if any(each.name == draft.name and each.id != role_id for each in all_roles(tx)):
        raise NameExists(f"There is a role called {draft.name!r} already.")
