"""Changing who may do what: load, decide, write, record."""

from collections.abc import Collection, Iterable, Mapping, Set

from msgspec.structs import asdict, replace

from flagkeeper.eventlog.catalogue.access import RoleCreated, RoleDeleted, RoleUpdated
from flagkeeper.eventlog.catalogue.project_access import (
    GrantedRole,
    GrantedRolesData,
    GroupRolesData,
    ProjectAccessAdded,
    ProjectAccessGroupRolesDeleted,
    ProjectAccessGroupRolesUpdated,
    ProjectAccessUpdated,
    ProjectAccessUserRolesDeleted,
    ProjectAccessUserRolesUpdated,
    UserRolesData,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone, State
from flagkeeper.features.access import queries, store
from flagkeeper.features.access.model import (
    OWNER,
    PREDEFINED,
    ProjectAccess,
    ProjectAccessState,
    Role,
    RoleDraft,
    RolePermission,
    RoleState,
)
from flagkeeper.features.access.model.granting import AccessChange, demand_owner, demand_roles
from flagkeeper.features.access.model.holders import RoleHolder
from flagkeeper.features.access.ports import EnvironmentNames, RootRoleUses
from flagkeeper.http.access import Access, allowed, is_admin
from flagkeeper.kernel.errors import (
    BadData,
    Conflict,
    Detail,
    InvalidOperation,
    NotFound,
    PermissionDenied,
    RoleInUse,
)


def seed(unit: Unit) -> None:
    """Stores the predefined roles in an empty database."""
    for role in PREDEFINED:
        store.add_role(unit.tx, role)
        unit.record(RoleCreated(data=role.payload()), role.state())


def create_role(unit: Unit, draft: RoleDraft, environments: EnvironmentNames) -> Role:
    """Raises `BadData` or `NameExists`."""
    role = Role(id=store.new_role_id(unit.tx), **asdict(draft))
    _add_role(unit, role, draft, environments)
    return role


def restore_role(unit: Unit, state: RoleState, environments: EnvironmentNames) -> None:
    """Brings a role that was deleted back under its id; nobody has it. Raises `BadData`, `NameExists` or `Conflict`."""
    draft, id_ = state.draft(), state.role.id
    if queries.find_role(unit.tx, id_) is not None or not store.was_role(unit.tx, id_):
        raise Conflict(f"There is a role with the id {id_}, or never was one.")
    _add_role(unit, Role(id=id_, **asdict(draft)), draft, environments)


def update_role(unit: Unit, role_id: int, draft: RoleDraft, environments: EnvironmentNames) -> Role:
    """Everybody who has the role may do what it allows now, and no more.

    Raises:
        NotFound: there is no such role.
        InvalidOperation: it comes with the server.
        BadData: the draft breaks a rule, or is of another type.
        NameExists: another role has the name.
    """
    old = _own_role(unit, role_id)
    if draft.type != old.type:
        raise BadData("The type of a role cannot change.", Detail(f"It is {old.type}.", "/body/type"))
    queries.check_draft(unit.tx, role_id, draft, environments)
    new = Role(id=role_id, **asdict(draft))
    if new != old:
        store.save_role(unit.tx, new)
        unit.record(RoleUpdated(data=new.payload(), pre_data=old.payload()), new.state())
    return new


def delete_role(unit: Unit, role_id: int, root_role_uses: RootRoleUses) -> None:
    """Raises `NotFound`, `InvalidOperation` for one that comes with the server, or `RoleInUse`."""
    role = _own_role(unit, role_id)
    uses = queries.uses_of(unit.tx, role_id)
    number = root_role_uses(unit.tx, role_id) + sum(each.users + each.groups for each in uses.values())
    if number:
        raise RoleInUse(f"{number} users, service accounts or groups have the role. Give them another one first.")
    store.remove_role(unit.tx, role_id)
    unit.record(RoleDeleted(pre_data=role.payload()), Gone(RoleState))


def _add_role(unit: Unit, role: Role, draft: RoleDraft, environments: EnvironmentNames) -> None:
    queries.check_draft(unit.tx, role.id, draft, environments)
    store.add_role(unit.tx, role)
    unit.record(RoleCreated(data=role.payload()), role.state())


def _own_role(unit: Unit, role_id: int) -> Role:
    role = queries.role(unit.tx, role_id)
    if role.is_predefined:
        raise InvalidOperation(f"The role {role.name} comes with the server and cannot be changed. Make another one.")
    return role


def grant(unit: Unit, project: str, user_id: int, role_id: int) -> None:
    """Gives a user a role in a project; whoever creates a project becomes its owner by this."""
    old = queries.project_access(unit.tx, project)
    new = old.with_user(user_id, {*old.of_user(user_id), role_id})
    if new == old:
        return
    store.save_access(unit.tx, project, old, new)
    granted = GrantedRole(role_id=role_id, group_ids=[], user_ids=[user_id])
    unit.record(ProjectAccessAdded(project=project, data=GrantedRolesData(roles=[granted])), new.state())


def revoke_user(unit: Unit, user_id: int, heir: int | None = None) -> None:
    """Takes all roles in all projects from a user who is about to be deleted. What they alone own goes to the `heir`;
    None: nobody is left who could have it."""
    for project in store.projects_of_user(unit.tx, user_id):
        old = queries.project_access(unit.tx, project)
        new = old.with_user(user_id, ())
        store.save_access(unit.tx, project, old, new)
        held = UserRolesData(user_id=user_id, roles=old.of_user(user_id))
        unit.record(ProjectAccessUserRolesDeleted(project=project, pre_data=held), new.state())
        if heir is not None and OWNER.id in old.roles() and OWNER.id not in new.roles():
            _hand_over(unit, project, new, heir)


def _hand_over(unit: Unit, project: str, old: ProjectAccess, heir: int) -> None:
    new = old.with_user(heir, {*old.of_user(heir), OWNER.id})
    store.save_access(unit.tx, project, old, new)
    before, after = (UserRolesData(user_id=heir, roles=each.of_user(heir)) for each in (old, new))
    unit.record(ProjectAccessUserRolesUpdated(project=project, data=after, pre_data=before), new.state())


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


def demand_grantable(roles: Iterable[Role], project: str, by: Access) -> None:
    """Demands that somebody may give these roles in a project, and take them: administrators and owners may give any,
    others, but for that of an owner, what they may do themselves.

    Raises:
        PermissionDenied: one of the roles allows what they may not do.
    """
    if is_admin(by) or OWNER.id in by.members.get(project, ()):
        return
    for role in roles:
        asked = ((each.name, each.environment or None) for each in role.permissions)
        missing = {name for name, environment in asked if not allowed(by, name, project, environment)}
        if missing or role.id == OWNER.id:
            raise PermissionDenied(
                f"You cannot give or take the role {role.name}: it allows what you may not do. Ask an owner.",
                tuple(sorted(missing)),
            )


def add_access(unit: Unit, project: str, change: AccessChange, by: Access) -> None:
    """Gives users and groups roles in a project, beside those that they have. `by`: what whoever asks may do.

    Raises:
        BadData: there is no such role for projects.
        PermissionDenied: they may not give one of the roles.
    """
    old = new = queries.project_access(unit.tx, project)
    for user_id in change.users:
        new = new.with_user(user_id, {*new.of_user(user_id), *change.roles})
    for group_id in change.groups:
        new = new.with_group(group_id, {*new.of_group(group_id), *change.roles})
    if _save_access(unit, project, old, new, by):
        groups, users = sorted(set(change.groups)), sorted(set(change.users))
        roles = [GrantedRole(role_id=each, group_ids=groups, user_ids=users) for each in sorted(set(change.roles))]
        unit.record(ProjectAccessAdded(project=project, data=GrantedRolesData(roles=roles)), new.state())


def set_access(unit: Unit, project: str, new: ProjectAccess, by: Access) -> None:
    """Makes this all access to a project. Raises what `add_access` does, or `ProjectWithoutOwner`."""
    old = queries.project_access(unit.tx, project)
    if _save_access(unit, project, old, new, by):
        unit.record(ProjectAccessUpdated(project=project, data=new.payload(), pre_data=old.payload()), new.state())


def set_user_roles(unit: Unit, project: str, user_id: int, roles: Collection[int], by: Access) -> None:
    """Makes these all roles of a user in a project; none: takes them all. Raises what `set_access` does."""
    old = queries.project_access(unit.tx, project)
    new = old.with_user(user_id, roles)
    if _save_access(unit, project, old, new, by):
        before, after = (UserRolesData(user_id=user_id, roles=each.of_user(user_id)) for each in (old, new))
        if roles:
            unit.record(ProjectAccessUserRolesUpdated(project=project, data=after, pre_data=before), new.state())
        else:
            unit.record(ProjectAccessUserRolesDeleted(project=project, pre_data=before), new.state())


def set_group_roles(unit: Unit, project: str, group_id: int, roles: Collection[int], by: Access) -> None:
    """The same for a group."""
    old = queries.project_access(unit.tx, project)
    new = old.with_group(group_id, roles)
    if _save_access(unit, project, old, new, by):
        before, after = (GroupRolesData(group_id=group_id, roles=each.of_group(group_id)) for each in (old, new))
        if roles:
            unit.record(ProjectAccessGroupRolesUpdated(project=project, data=after, pre_data=before), new.state())
        else:
            unit.record(ProjectAccessGroupRolesDeleted(project=project, pre_data=before), new.state())


def give_role(unit: Unit, project: str, holder: RoleHolder, role_id: int, by: Access) -> None:
    """Gives somebody one more role in a project. `by`: what whoever asks may do.

    Raises:
        NotFound: there is no such role for projects.
        PermissionDenied: they may not give it.
    """
    old, role = queries.project_access(unit.tx, project), queries.role_in_projects(unit.tx, role_id)
    new = holder.holding(old, {*holder.held(old), role_id})
    if _save_access(unit, project, old, new, by):
        unit.record(holder.got(project, role), new.state())


def take_role(unit: Unit, project: str, holder: RoleHolder, role_id: int, by: Access) -> None:
    """Takes one role in a project from somebody. Raises what `give_role` does, or `ProjectWithoutOwner`."""
    old, role = queries.project_access(unit.tx, project), queries.role_in_projects(unit.tx, role_id)
    new = _without(old, holder, role_id)
    if _save_access(unit, project, old, new, by):
        unit.record(holder.lost(project, role), new.state())


def exchange_roles(unit: Unit, project: str, holder: RoleHolder, role_id: int, by: Access) -> None:
    """Makes a role the only one that somebody has in a project. An event names one role that they had: for each other
    one that they lose there is an event of its own. Raises what `take_role` does, and `NotFound` for somebody who has
    no role there."""
    old, role = queries.project_access(unit.tx, project), queries.role_in_projects(unit.tx, role_id)
    if not holder.held(old):
        raise NotFound(f"The {holder.called} has no role in the project {project!r}. Give them one first.")
    new = holder.holding(old, {role_id})
    if not _save_access(unit, project, old, new, by):
        return
    before, *others = [queries.role(unit.tx, each) for each in holder.held(old) if each != role_id]
    left = old
    for other in others:
        left = _without(left, holder, other.id)
        unit.record(holder.lost(project, other), left.state())
    unit.record(holder.exchanged(project, before, role), new.state())


def _without(access: ProjectAccess, holder: RoleHolder, role_id: int) -> ProjectAccess:
    return holder.holding(access, [each for each in holder.held(access) if each != role_id])


def _save_access(unit: Unit, project: str, old: ProjectAccess, new: ProjectAccess, by: Access) -> bool:
    """Whether anything changed."""
    known = {each.id: each for each in queries.roles_in_projects(unit.tx)}
    demand_roles(known, new.roles())
    demand_grantable([known[each] for each in sorted(old.changed_roles(new))], project, by)
    demand_owner(old, new)
    store.save_access(unit.tx, project, old, new)
    return new != old


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
    store.save_role(unit.tx, new)
    unit.record(RoleUpdated(data=new.payload(), pre_data=role.payload()), new.state())
