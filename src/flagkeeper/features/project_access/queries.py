"""Reading who has access to projects."""

from collections.abc import Mapping, Sequence

import msgspec

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access import queries as access
from flagkeeper.features.access.model import ProjectAccess, Role, is_hidden
from flagkeeper.features.access.queries import RoleUses
from flagkeeper.features.groups import queries as groups
from flagkeeper.features.groups.queries import Shown
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.users import queries as users
from flagkeeper.features.users.queries import SeenUser
from flagkeeper.storage.transaction import Transaction


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """Who has access to a project, and who they are."""

    access: ProjectAccess
    users: Sequence[SeenUser]
    groups: Sequence[Shown]
    roles: Sequence[Role]
    """All that somebody can have in a project."""


def access_to(tx: Transaction, project: str) -> Whole:
    """Raises `NotFound` without such a project."""
    projects.project(tx, project)
    found = access.project_access(tx, project)
    return Whole(
        access=found,
        users=users.users_of(tx, sorted({each.user_id for each in found.members})),
        groups=groups.some_shown(tx, sorted({each.group_id for each in found.groups})),
        roles=access.roles_in_projects(tx),
    )


def uses_of_role(tx: Transaction, role_id: int, visibility: Visibility) -> Mapping[str, RoleUses]:
    """By project of which the reader may know, how many have a role there. Raises `NotFound` without such a role."""
    access.role(tx, role_id)
    uses = access.uses_of(tx, role_id)
    return {project: each for project, each in uses.items() if not is_hidden(project, visibility)}
