"""People, and what they may do, on the wire."""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.access.model import PERMISSIONS, Level, Role, RolePermission
from flagkeeper.features.access.schemas import PermissionOut, RoleOut, shown_permission
from flagkeeper.features.access.schemas import shown as shown_role
from flagkeeper.features.groups.model import Group
from flagkeeper.features.users.queries import SeenUser
from flagkeeper.features.users.schemas import BaseUser, UserOut, shown_base, shown_with_role
from flagkeeper.http.access import Access, allowed
from flagkeeper.kernel import clock
from flagkeeper.kernel.csv_text import csv_text
from flagkeeper.readmodels.people.queries import Belonging, Entitled, Place, Profile, RoleInProject

COLUMNS = ("userId", "userName", "userEmail", "rootRole", "groups", "accessibleProjects", "lastSeen", "createdAt")


class BaseGroup(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    name: str
    user_count: int


class UsersAndGroups(msgspec.Struct, frozen=True, kw_only=True):
    users: list[BaseUser]
    groups: list[BaseGroup]


class GroupItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A group, without its members."""

    id: int
    name: str
    description: str | None
    mappings_sso: list[str] = msgspec.field(name="mappingsSSO")
    root_role: int | None
    """What its members may do outside of projects, beside their own root role."""
    scim_id: str | None


class ProfileOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    root_role: RoleOut
    projects: list[str]
    """In which you have roles, by yourself or through groups."""
    groups: list[GroupItem]
    subscriptions: list[str]
    """Kinds of mails that you want."""
    features: tuple[()] = ()
    can_change_password: bool


class PermissionHeld(PermissionOut, frozen=True, kw_only=True):
    has_permission: bool


class PermissionsHeld(msgspec.Struct, frozen=True, kw_only=True):
    root: list[PermissionHeld]
    project: list[PermissionHeld]
    environment: list[PermissionHeld]
    groups: list[GroupItem]
    """Those that they belong to, whose root roles count for them."""


class ProjectRoleOut(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    type: str
    description: str
    project: str
    permissions: list[PermissionOut]
    group: str | UnsetType = UNSET
    """The group that has the role. Left out: they have it themselves."""


class UserPermissions(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What somebody may do, and what lets them."""

    overview: PermissionsHeld
    user: UserOut
    root_role: RoleOut
    project_roles: list[ProjectRoleOut]


class UserAccess(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    user_id: int
    user_name: str | None
    user_email: str
    """Empty: they have none, as service accounts."""
    created_at: clock.Iso
    last_seen: clock.Iso | None
    root_role: str
    groups: list[str]
    accessible_projects: list[str]
    """In which they have roles, by themselves or through groups."""


class AccessOverview(msgspec.Struct, frozen=True, kw_only=True):
    overview: list[UserAccess]


def shown_everybody(users: Iterable[SeenUser], groups: Iterable[Group]) -> UsersAndGroups:
    return UsersAndGroups(
        users=[shown_base(seen) for seen in users],
        groups=[BaseGroup(id=each.id, name=each.name, user_count=len(each.members)) for each in groups],
    )


def shown_profile(found: Profile, access: Access) -> ProfileOut:
    return ProfileOut(
        root_role=shown_role(found.root_role),
        projects=sorted(access.members),
        groups=[_item(each) for each in found.groups],
        subscriptions=list(found.subscriptions),
        can_change_password=found.has_password,
    )


def shown_roles(roles: Iterable[Role], project: str) -> list[RoleOut]:
    return [RoleOut(id=each.id, name=each.name, type=each.type, project=project) for each in roles]


def shown_permissions(found: Entitled, access: Access, place: Place) -> UserPermissions:
    def held(level: Level, where: Place) -> list[PermissionHeld]:
        return [
            PermissionHeld(
                **msgspec.structs.asdict(shown_permission(RolePermission(name, where.environment or ""))),
                has_permission=allowed(access, name, where.project, where.environment),
            )
            for name in PERMISSIONS[level]
        ]

    return UserPermissions(
        overview=PermissionsHeld(
            root=held(Level.ROOT, Place()),
            project=held(Level.PROJECT, Place(place.project)),
            environment=held(Level.ENVIRONMENT, place),
            groups=[_item(each) for each in found.groups],
        ),
        user=shown_with_role(found.seen),
        root_role=shown_role(found.root_role),
        project_roles=[_in_project(each) for each in found.in_projects],
    )


def shown_access(found: Belonging, access: Access) -> UserAccess:
    user = found.seen.user
    return UserAccess(
        user_id=user.id,
        user_name=user.name or user.username,
        user_email=user.email or "",
        created_at=clock.to_iso(user.created_at),
        last_seen=None if found.last_seen is None else clock.to_iso(found.last_seen),
        root_role=found.root_role.name,
        groups=[each.name for each in found.groups],
        accessible_projects=sorted(access.members),
    )


def as_csv(found: Sequence[UserAccess]) -> str:
    """A line for each; several groups or projects stand in one cell, on a line each."""
    rows = map(msgspec.to_builtins, found)
    return csv_text(
        COLUMNS,
        (["\n".join(row[name]) if isinstance(row[name], list) else row[name] for name in COLUMNS] for row in rows),
    )


def _item(group: Group) -> GroupItem:
    return GroupItem(
        id=group.id,
        name=group.name,
        description=group.description,
        mappings_sso=group.mappings_sso,
        root_role=group.root_role,
        scim_id=group.scim_id,
    )


def _in_project(found: RoleInProject) -> ProjectRoleOut:
    return ProjectRoleOut(
        id=found.role.id,
        name=found.role.name,
        type=found.role.type,
        description=found.role.description,
        project=found.project,
        permissions=[shown_permission(each) for each in found.role.permissions],
        group=UNSET if found.group is None else found.group.name,
    )
