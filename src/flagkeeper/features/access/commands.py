"""Changing who may do what: load, decide, write, record."""

from collections.abc import Mapping, Set

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.access import RoleCreated, RoleUpdated
from flagkeeper.eventlog.catalogue.project_access import (
    GrantedRole,
    GrantedRolesData,
    ProjectAccessAdded,
    ProjectAccessUserRolesDeleted,
    UserRolesData,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone, State
from flagkeeper.features.access import queries, store
from flagkeeper.features.access.model import (
    PREDEFINED,
    Membership,
    ProjectAccessState,
    Role,
    RolePermission,
    access_state,
)


def seed(unit: Unit) -> None:
    """Stores the predefined roles in an empty database."""
    for role in PREDEFINED:
        store.add_role(unit.tx, role)
        unit.record(RoleCreated(data=role.payload()), role.state())


def grant(unit: Unit, project: str, user_id: int, role_id: int) -> None:
    """Gives a user a role in a project; whoever creates a project becomes its owner by this."""
    members = store.members(unit.tx, project)
    new = Membership(user_id, role_id)
    if new in members:
        return
    store.grant(unit.tx, project, user_id, role_id)
    granted = GrantedRole(role_id=role_id, group_ids=[], user_ids=[user_id])
    unit.record(
        ProjectAccessAdded(project=project, data=GrantedRolesData(roles=[granted])),
        access_state(sorted([*members, new])),
    )


def revoke_user(unit: Unit, user_id: int) -> None:
    """Takes all roles in all projects from a user who is about to be deleted."""
    for project in store.projects_of(unit.tx, user_id):
        members = store.members(unit.tx, project)
        store.revoke_user(unit.tx, project, user_id)
        held = [each.role_id for each in members if each.user_id == user_id]
        unit.record(
            ProjectAccessUserRolesDeleted(project=project, pre_data=UserRolesData(user_id=user_id, roles=held)),
            access_state([each for each in members if each.user_id != user_id]),
        )


def forget_project(unit: Unit, project: str) -> Mapping[str, State]:
    """Takes all roles in a project that is being deleted. Returns what the event of the deletion keeps with it."""
    had_members = store.revoke_all(unit.tx, project)
    return {f"project-access/{project}": Gone(ProjectAccessState)} if had_members else {}


def copy_environment(unit: Unit, source: str, target: str) -> None:
    """Whatever a role allows in one environment alone, it allows in another one too."""
    for role in queries.all_roles(unit.tx):
        added = [replace(each, environment=target) for each in role.permissions if each.environment == source]
        _set_permissions(unit, role, {*role.permissions, *added})


def forget_environment(unit: Unit, environment: str) -> None:
    """Roles allow nothing any more in an environment that is being deleted."""
    for role in queries.all_roles(unit.tx):
        _set_permissions(unit, role, {each for each in role.permissions if each.environment != environment})


def _set_permissions(unit: Unit, role: Role, permissions: Set[RolePermission]) -> None:
    if permissions == set(role.permissions):
        return
    new = replace(role, permissions=tuple(sorted(permissions)))
    store.set_permissions(unit.tx, new)
    unit.record(RoleUpdated(data=new.payload(), pre_data=role.payload()), new.state())
