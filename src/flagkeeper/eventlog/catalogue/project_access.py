"""Events of who may do what in a project."""

from typing import ClassVar

from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.payload import Payload
from flagkeeper.eventlog.catalogue.wording import SHOWN, bold, fill_summary, listed

GROUP = "Project access"


class GrantedRole(Payload, frozen=True, kw_only=True):
    role_id: int
    group_ids: list[int]
    user_ids: list[int]


class GrantedRolesData(Payload, frozen=True, kw_only=True):
    roles: list[GrantedRole]


class UserRolesData(Payload, frozen=True, kw_only=True):
    roles: list[int]
    user_id: int


class GroupRolesData(Payload, frozen=True, kw_only=True):
    roles: list[int]
    group_id: int


class Holder(Payload, frozen=True, kw_only=True):
    id: int


class RoleHolders(Payload, frozen=True, kw_only=True):
    id: int
    """Of the role."""
    users: list[Holder]
    groups: list[Holder]


class ProjectAccessData(Payload, frozen=True, kw_only=True):
    roles: list[RoleHolders]


class UserRoleData(Payload, frozen=True, kw_only=True):
    role_id: int
    user_id: int
    role_name: str
    email: str | None


class GroupRoleData(Payload, frozen=True, kw_only=True):
    group_id: int
    project_id: str
    role_name: str


class ChangedGroupRoleData(Payload, frozen=True, kw_only=True):
    user_id: int
    """The group's id again: consumers look for it under this name."""
    group_id: int
    role_id: int
    role_name: str


def _granted(event: Event, actor: str) -> str:
    """Who got which role, by their ids."""
    data = event.data
    roles = data.roles if isinstance(data, GrantedRolesData) else []
    grants = [
        f"role {bold(role.role_id)} to {kind} {bold(listed(ids))}"
        for role in roles[:SHOWN]
        for kind, ids in (("users", role.user_ids), ("groups", role.group_ids))
        if ids
    ]
    sentence = fill_summary("{actor} granted access to project {project}", event, actor)
    return f"{sentence}: {'; '.join(grants)}" if grants else sentence


class ProjectAccessAdded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-access-added",
        label="Project access granted",
        summary=_granted,
        subject="project-access/{project}",
        group=GROUP,
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    project: str
    data: GrantedRolesData
    pre_data: None = None


class ProjectAccessUserRolesUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-access-user-roles-updated",
        label="User's project roles changed",
        summary="{actor} changed roles of user {data.user_id} in {project} from {pre_data.roles} to {data.roles}",
        subject="project-access/{project}",
        group=GROUP,
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    project: str
    data: UserRolesData
    pre_data: UserRolesData


class ProjectAccessGroupRolesUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-access-group-roles-updated",
        label="Group's project roles changed",
        summary="{actor} changed roles of group {data.group_id} in {project} from {pre_data.roles} to {data.roles}",
        subject="project-access/{project}",
        group=GROUP,
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    project: str
    data: GroupRolesData
    pre_data: GroupRolesData


class ProjectAccessUserRolesDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-access-user-roles-deleted",
        label="User removed from project",
        summary="{actor} took all roles in {project} from user {pre_data.user_id}",
        subject="project-access/{project}",
        group=GROUP,
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    project: str
    data: None = None
    pre_data: UserRolesData


class ProjectAccessGroupRolesDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-access-group-roles-deleted",
        label="Group removed from project",
        summary="{actor} took all roles in {project} from group {pre_data.group_id}",
        subject="project-access/{project}",
        group=GROUP,
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    project: str
    data: None = None
    pre_data: GroupRolesData


class ProjectAccessUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-access-updated",
        label="Project access replaced",
        summary="{actor} replaced all access to project {project}",
        subject="project-access/{project}",
        group=GROUP,
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    project: str
    data: ProjectAccessData
    pre_data: ProjectAccessData


class ProjectUserAdded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-user-added",
        label="User added to project",
        summary="{actor} gave role {data.role_name} in {project} to user {data.email|data.user_id}",
        subject="project-access/{project}",
        group=GROUP,
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    project: str
    data: UserRoleData
    pre_data: None = None


class ProjectUserRemoved(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-user-removed",
        label="User's project role removed",
        summary="{actor} took role {pre_data.role_name} in {project} from user {pre_data.email|pre_data.user_id}",
        subject="project-access/{project}",
        group=GROUP,
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    project: str
    data: None = None
    pre_data: UserRoleData


class ProjectUserRoleChanged(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-user-role-changed",
        label="User's project role changed",
        summary="{actor} made {data.email|data.user_id} {data.role_name} in {project}; before: {pre_data.role_name}",
        subject="project-access/{project}",
        group=GROUP,
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    project: str
    data: UserRoleData
    pre_data: UserRoleData


class ProjectGroupAdded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-group-added",
        label="Group added to project",
        summary="{actor} gave role {data.role_name} in {project} to group {data.group_id}",
        subject="project-access/{project}",
        group=GROUP,
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    project: str
    data: GroupRoleData
    pre_data: None = None


class ProjectGroupRemoved(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-group-removed",
        label="Group's project role removed",
        summary="{actor} took role {pre_data.role_name} in {project} from group {pre_data.group_id}",
        subject="project-access/{project}",
        group=GROUP,
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    project: str
    data: None = None
    pre_data: GroupRoleData


class ProjectGroupRoleChanged(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-group-role-changed",
        label="Group's project role changed",
        summary="{actor} made group {data.group_id} {data.role_name} in {project}; before: {pre_data.role_name}",
        subject="project-access/{project}",
        group=GROUP,
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    project: str
    data: ChangedGroupRoleData
    pre_data: ChangedGroupRoleData
