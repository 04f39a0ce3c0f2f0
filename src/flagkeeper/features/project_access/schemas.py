"""Access to projects on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.access.model import GroupMembership, Membership, ProjectAccess
from flagkeeper.features.access.model.granting import AccessChange
from flagkeeper.features.access.queries import RoleUses
from flagkeeper.features.access.schemas import RoleOut
from flagkeeper.features.access.schemas import shown as shown_role
from flagkeeper.features.groups.queries import Shown
from flagkeeper.features.groups.schemas import GroupUserOut, shown_member
from flagkeeper.features.project_access.queries import Whole
from flagkeeper.features.users.model.user import image_url
from flagkeeper.features.users.queries import SeenUser
from flagkeeper.kernel import clock
from flagkeeper.kernel.limits import AtOnce


class UserAccessOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A user and their roles in a project."""

    id: int
    name: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    email: str | None
    image_url: str
    role_id: int
    """The first one, for clients that know of one only."""
    roles: list[int]


class GroupAccessOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A group and its roles in a project."""

    id: int
    name: str
    description: str | None
    mappings_sso: list[str] = msgspec.field(name="mappingsSSO")
    root_role: int | None
    created_by: str
    created_at: clock.Iso
    users: list[GroupUserOut]
    scim_id: str | None
    role_id: int
    roles: list[int]


class ProjectAccessOut(msgspec.Struct, frozen=True, kw_only=True):
    users: list[UserAccessOut]
    groups: list[GroupAccessOut]
    roles: list[RoleOut]
    """All that somebody can have in a project."""


class AddAccessBody(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who is named gets each of the roles."""

    roles: AtOnce[int]
    users: AtOnce[int]
    groups: AtOnce[int]

    def change(self) -> AccessChange:
        return AccessChange(roles=self.roles, users=self.users, groups=self.groups)


class RoleHoldersBody(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    users: AtOnce[int] = []
    groups: AtOnce[int] = []


class AccessBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All access to a project."""

    roles: AtOnce[RoleHoldersBody]

    def access(self) -> ProjectAccess:
        return ProjectAccess(
            members=tuple(sorted({Membership(user, role.id) for role in self.roles for user in role.users})),
            groups=tuple(sorted({GroupMembership(group, role.id) for role in self.roles for group in role.groups})),
        )


class RolesBody(msgspec.Struct, frozen=True, kw_only=True):
    """All roles of a user or a group; an empty list takes them all."""

    roles: AtOnce[int]


class RoleInProject(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many have a role in a project."""

    project: str
    role: int
    user_count: int
    """Service accounts too."""
    group_count: int


class RoleUsesOut(msgspec.Struct, frozen=True, kw_only=True):
    projects: list[RoleInProject]


def shown(found: Whole) -> ProjectAccessOut:
    return ProjectAccessOut(
        users=[_user(each, found.access.of_user(each.user.id)) for each in found.users],
        groups=[_group(each, found.access.of_group(each[0].id)) for each in found.groups],
        roles=[shown_role(each) for each in found.roles],
    )


def shown_uses(role_id: int, project: str, uses: RoleUses) -> RoleInProject:
    return RoleInProject(project=project, role=role_id, user_count=uses.users, group_count=uses.groups)


def _user(seen: SeenUser, roles: list[int]) -> UserAccessOut:
    user = seen.user
    return UserAccessOut(
        id=user.id,
        name=user.name or UNSET,
        username=user.username or UNSET,
        email=user.email,
        image_url=image_url(user.email or user.username or str(user.id)),
        role_id=roles[0],
        roles=roles,
    )


def _group(found: Shown, roles: list[int]) -> GroupAccessOut:
    group, members, _ = found
    return GroupAccessOut(
        id=group.id,
        name=group.name,
        description=group.description,
        mappings_sso=group.mappings_sso,
        root_role=group.root_role,
        created_by=group.created_by,
        created_at=clock.to_iso(group.created_at),
        users=[shown_member(each, members) for each in group.members],
        scim_id=group.scim_id,
        role_id=roles[0],
        roles=roles,
    )
