"""Changing who may do what: load, decide, write, record."""

from collections.abc import Mapping

from flagkeeper.eventlog.catalogue.access import RoleCreated
from flagkeeper.eventlog.catalogue.project_access import (
    GrantedRole,
    GrantedRolesData,
    GroupRolesData,
    ProjectAccessAdded,
    ProjectAccessGroupRolesDeleted,
    ProjectAccessUserRolesDeleted,
    UserRolesData,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone, State
from flagkeeper.features.access import queries, store
from flagkeeper.features.access.model import PREDEFINED, ProjectAccessState


def seed(unit: Unit) -> None:
    """Stores the predefined roles in an empty database."""
    for role in PREDEFINED:
        store.add_role(unit.tx, role)
        unit.record(RoleCreated(data=role.payload()), role.state())


def grant(unit: Unit, project: str, user_id: int, role_id: int) -> None:
    """Gives a user a role in a project; whoever creates a project becomes its owner by this."""
    old = queries.project_access(unit.tx, project)
    new = old.with_user(user_id, {*old.of_user(user_id), role_id})
    if new == old:
        return
    store.save_access(unit.tx, project, old, new)
    granted = GrantedRole(role_id=role_id, group_ids=[], user_ids=[user_id])
    unit.record(ProjectAccessAdded(project=project, data=GrantedRolesData(roles=[granted])), new.state())


def revoke_user(unit: Unit, user_id: int) -> None:
    """Takes all roles in all projects from a user who is about to be deleted."""
    for project in store.projects_of_user(unit.tx, user_id):
        old = queries.project_access(unit.tx, project)
        new = old.with_user(user_id, ())
        store.save_access(unit.tx, project, old, new)
        held = UserRolesData(user_id=user_id, roles=old.of_user(user_id))
        unit.record(ProjectAccessUserRolesDeleted(project=project, pre_data=held), new.state())


def revoke_group(unit: Unit, group_id: int) -> None:
    """Takes all roles in all projects from a group that is about to be deleted."""
    for project in store.projects_of_group(unit.tx, group_id):
        old = queries.project_access(unit.tx, project)
        new = old.with_group(group_id, ())
        store.save_access(unit.tx, project, old, new)
        held = GroupRolesData(group_id=group_id, roles=old.of_group(group_id))
        unit.record(ProjectAccessGroupRolesDeleted(project=project, pre_data=held), new.state())


def forget_project(unit: Unit, project: str) -> Mapping[str, State]:
    """Takes all roles in a project that is being deleted. Returns what the event of the deletion keeps with it."""
    had_members = store.revoke_all(unit.tx, project)
    return {f"project-access/{project}": Gone(ProjectAccessState)} if had_members else {}
