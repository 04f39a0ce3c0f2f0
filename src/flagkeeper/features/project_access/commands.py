"""Changing access to projects: whoever gets a role must exist; the rest is decided by `access`."""

from collections.abc import Callable, Collection

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.access.model import ProjectAccess
from flagkeeper.features.access.model.granting import AccessChange
from flagkeeper.features.access.model.holders import GroupHolder, RoleHolder, UserHolder
from flagkeeper.features.groups import queries as groups
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.users import queries as users
from flagkeeper.http.access import Access
from flagkeeper.kernel.errors import BadData, Detail, NotFound

RoleChange = Callable[[Unit, str, RoleHolder, int, Access], None]
"""What `access.commands` has for one role of somebody: `give_role`, `take_role` or `exchange_roles`."""

HolderChange = Callable[[Unit, str, RoleChange, int, int, Access], None]
"""Makes such a change for a user or a group: `change_user_role` or `change_group_role`."""


def add(unit: Unit, project: str, change: AccessChange, by: Access) -> None:
    """Gives users and groups roles. `by`: what whoever asks may do.

    Raises:
        NotFound: there is no such project.
        BadData: there is no such role for projects, user or group.
        PermissionDenied: they may not give one of the roles.
    """
    projects.lock_shared(unit.tx, project)
    _demand_holders(unit, change.users, change.groups)
    access.add_access(unit, project, change, by)


def replace(unit: Unit, project: str, new: ProjectAccess, by: Access) -> None:
    """Makes this all access to a project. Raises what `add` does, or `ProjectWithoutOwner`."""
    projects.lock_shared(unit.tx, project)
    _demand_holders(unit, {each.user_id for each in new.members}, {each.group_id for each in new.groups})
    access.set_access(unit, project, new, by)


def set_user_roles(unit: Unit, project: str, user_id: int, roles: Collection[int], by: Access) -> None:
    """Makes these all roles of a user. Raises what `replace` does, and `NotFound` without such a user."""
    projects.lock_shared(unit.tx, project)
    if not users.exists(unit.tx, user_id):
        raise NotFound(f"There is no user with the id {user_id}.")
    access.set_user_roles(unit, project, user_id, roles, by)


def set_group_roles(unit: Unit, project: str, group_id: int, roles: Collection[int], by: Access) -> None:
    """Makes these all roles of a group. Raises what `replace` does, and `NotFound` without such a group."""
    projects.lock_shared(unit.tx, project)
    groups.group(unit.tx, group_id)
    access.set_group_roles(unit, project, group_id, roles, by)


def change_user_role(unit: Unit, project: str, change: RoleChange, user_id: int, role_id: int, by: Access) -> None:
    """Changes one role of a user. Raises what the change does, and `NotFound` without such a project or user."""
    projects.lock_shared(unit.tx, project)
    user = users.user(unit.tx, user_id).user
    change(unit, project, UserHolder(id=user.id, email=user.email), role_id, by)


def change_group_role(unit: Unit, project: str, change: RoleChange, group_id: int, role_id: int, by: Access) -> None:
    """The same of a group."""
    projects.lock_shared(unit.tx, project)
    group = groups.group(unit.tx, group_id)
    change(unit, project, GroupHolder(id=group.id), role_id, by)


def _demand_holders(unit: Unit, user_ids: Collection[int], group_ids: Collection[int]) -> None:
    users_known = {each.user.id for each in users.users_of(unit.tx, list(user_ids))}
    groups_known = {each.id for each in groups.groups_of(unit.tx, list(group_ids))}
    for kind, missing in (("users", set(user_ids) - users_known), ("groups", set(group_ids) - groups_known)):
        if missing:
            named = ", ".join(map(str, sorted(missing)))
            raise BadData(
                f"There are no {kind} with these ids: {named}.", Detail(f"Unknown: {named}.", f"/body/{kind}")
            )
