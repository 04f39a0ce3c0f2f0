"""Roles, and what they allow. Pure."""

from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.payload import PermissionData, RoleData
from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.version import Gone, Snapshot, State
from flagkeeper.kernel.errors import BadData, Detail

ROOT, ROOT_CUSTOM, PROJECT, PROJECT_CUSTOM = "root", "root-custom", "project", "custom"
"""Types of roles: for the whole server or for one project, each that comes with the server or was made here."""


class Level(StrEnum):
    """Where a permission holds: on the whole server, in a project, or in one environment of it."""

    ROOT = "root"
    PROJECT = "project"
    ENVIRONMENT = "environment"


class RolePermission(msgspec.Struct, frozen=True, order=True):
    """One thing that a role allows."""

    name: str
    environment: str = ""
    """Where; empty: in every environment, also in those that are yet to come."""


class Role(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    description: str
    type: str
    permissions: tuple[RolePermission, ...] = ()

    @property
    def is_root(self) -> bool:
        """Whether it is for the whole server."""
        return self.type in (ROOT, ROOT_CUSTOM)

    def payload(self) -> RoleData:
        """How events show it."""
        return RoleData(
            id=self.id,
            name=self.name,
            description=self.description,
            type=self.type,
            permissions=[
                PermissionData(name=each.name, environment=each.environment or msgspec.UNSET)
                for each in self.permissions
            ],
        )

    def state(self) -> "RoleState":
        return RoleState(role=self.payload())


class RoleState(Snapshot, frozen=True, kw_only=True):
    """A version of a role."""

    kind: ClassVar = "role"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: state if state["role"] else None}
    role: RoleData


class Membership(msgspec.Struct, frozen=True, order=True, rename="camel"):
    """A role that a user has in a project."""

    user_id: int
    role_id: int


class GroupMembership(msgspec.Struct, frozen=True, order=True, rename="camel"):
    """A role that a group has in a project."""

    group_id: int
    role_id: int


class ProjectAccessState(Snapshot, frozen=True, kw_only=True):
    """A version of who has which role in a project. Where nobody has any, there is no such subject."""

    kind: ClassVar = "project-access"
    schema: ClassVar = 3
    upcasters: ClassVar = {
        1: lambda state: state if state["members"] else None,
        2: lambda state: {**state, "groups": []},
    }
    members: list[Membership]
    """In order of users, then roles."""
    groups: list[GroupMembership]
    """In order of groups, then roles. There is at least one of these or of `members`."""


class ProjectAccess(msgspec.Struct, frozen=True, kw_only=True):
    """Who has which role in a project."""

    members: tuple[Membership, ...] = ()
    """In order of users, then roles."""
    groups: tuple[GroupMembership, ...] = ()
    """In order of groups, then roles."""

    def state(self) -> State:
        if not self.members and not self.groups:
            return Gone(ProjectAccessState)
        return ProjectAccessState(members=list(self.members), groups=list(self.groups))

    def of_user(self, user_id: int) -> list[int]:
        """The roles of a user."""
        return [each.role_id for each in self.members if each.user_id == user_id]

    def of_group(self, group_id: int) -> list[int]:
        """The roles of a group."""
        return [each.role_id for each in self.groups if each.group_id == group_id]

    def with_user(self, user_id: int, roles: Iterable[int]) -> "ProjectAccess":
        """The same, where a user has exactly these roles."""
        others = (each for each in self.members if each.user_id != user_id)
        new = (Membership(user_id, role) for role in set(roles))
        return msgspec.structs.replace(self, members=tuple(sorted((*others, *new))))

    def with_group(self, group_id: int, roles: Iterable[int]) -> "ProjectAccess":
        """The same, where a group has exactly these roles."""
        others = (each for each in self.groups if each.group_id != group_id)
        new = (GroupMembership(group_id, role) for role in set(roles))
        return msgspec.structs.replace(self, groups=tuple(sorted((*others, *new))))


ALL_PROJECTS = "*"
"""In the place of a project's id, for what is for all of them."""


def hidden_projects(visibility: Visibility) -> frozenset[str]:
    """The projects of which a reader may not know."""
    return visibility.hidden_projects - {ALL_PROJECTS}


def is_hidden(project: str | None, visibility: Visibility) -> bool:
    """Whether a reader may not know of what belongs to a project. What belongs to none is not hidden."""
    return project is not None and project != ALL_PROJECTS and project in visibility.hidden_projects


ROOT_PERMISSIONS = (
    "ADMIN",
    *("CREATE_ADDON", "UPDATE_ADDON", "DELETE_ADDON"),
    *("CREATE_CLIENT_API_TOKEN", "READ_CLIENT_API_TOKEN", "UPDATE_CLIENT_API_TOKEN", "DELETE_CLIENT_API_TOKEN"),
    *("CREATE_FRONTEND_API_TOKEN", "READ_FRONTEND_API_TOKEN", "UPDATE_FRONTEND_API_TOKEN", "DELETE_FRONTEND_API_TOKEN"),
    "UPDATE_APPLICATION",
    *("CREATE_CONTEXT_FIELD", "UPDATE_CONTEXT_FIELD", "DELETE_CONTEXT_FIELD"),
    *("CREATE_PROJECT", "READ_ROLE"),
    *("CREATE_SEGMENT", "UPDATE_SEGMENT", "DELETE_SEGMENT"),
    *("CREATE_STRATEGY", "UPDATE_STRATEGY", "DELETE_STRATEGY"),
    *("CREATE_TAG_TYPE", "UPDATE_TAG_TYPE", "DELETE_TAG_TYPE"),
    *("RELEASE_PLAN_TEMPLATE_CREATE", "RELEASE_PLAN_TEMPLATE_UPDATE", "RELEASE_PLAN_TEMPLATE_DELETE"),
    *("READ_LOGS", "UPDATE_MAINTENANCE_MODE", "UPDATE_INSTANCE_BANNERS", "UPDATE_CORS", "UPDATE_AUTH_CONFIGURATION"),
)
PROJECT_PERMISSIONS = (
    *("CREATE_FEATURE", "UPDATE_FEATURE", "DELETE_FEATURE", "UPDATE_FEATURE_DEPENDENCY", "UPDATE_FEATURE_VARIANTS"),
    *("MOVE_FEATURE_TOGGLE", "UPDATE_PROJECT", "DELETE_PROJECT"),
    *("READ_PROJECT_API_TOKEN", "CREATE_PROJECT_API_TOKEN", "DELETE_PROJECT_API_TOKEN"),
    *("UPDATE_PROJECT_CONTEXT", "UPDATE_PROJECT_SEGMENT", "UPDATE_PROJECT_RELEASE_TEMPLATE"),
    *("PROJECT_USER_ACCESS_READ", "PROJECT_USER_ACCESS_WRITE"),
    *("PROJECT_DEFAULT_STRATEGY_READ", "PROJECT_DEFAULT_STRATEGY_WRITE"),
    *("PROJECT_CHANGE_REQUEST_READ", "PROJECT_CHANGE_REQUEST_WRITE"),
    *("PROJECT_SETTINGS_READ", "PROJECT_SETTINGS_WRITE"),
)
ENVIRONMENT_PERMISSIONS = (
    *("CREATE_FEATURE_STRATEGY", "UPDATE_FEATURE_STRATEGY", "DELETE_FEATURE_STRATEGY"),
    *("UPDATE_FEATURE_ENVIRONMENT", "UPDATE_FEATURE_ENVIRONMENT_VARIANTS"),
    *("APPROVE_CHANGE_REQUEST", "APPLY_CHANGE_REQUEST", "SKIP_CHANGE_REQUEST"),
)
PERMISSIONS = {
    Level.ROOT: ROOT_PERMISSIONS,
    Level.PROJECT: PROJECT_PERMISSIONS,
    Level.ENVIRONMENT: ENVIRONMENT_PERMISSIONS,
}

_MEMBER = (
    *("CREATE_FEATURE", "UPDATE_FEATURE", "DELETE_FEATURE", "UPDATE_FEATURE_DEPENDENCY", "UPDATE_FEATURE_VARIANTS"),
    *("READ_PROJECT_API_TOKEN", "CREATE_PROJECT_API_TOKEN", "DELETE_PROJECT_API_TOKEN"),
    *("CREATE_FEATURE_STRATEGY", "UPDATE_FEATURE_STRATEGY", "DELETE_FEATURE_STRATEGY"),
    *("UPDATE_FEATURE_ENVIRONMENT", "UPDATE_FEATURE_ENVIRONMENT_VARIANTS"),
)
_PROJECT = (*_MEMBER, "MOVE_FEATURE_TOGGLE", "UPDATE_PROJECT", "DELETE_PROJECT")
_EDITOR = (
    *("CREATE_ADDON", "UPDATE_ADDON", "DELETE_ADDON"),
    *("READ_CLIENT_API_TOKEN", "READ_FRONTEND_API_TOKEN", "UPDATE_APPLICATION", "CREATE_PROJECT"),
    *("CREATE_CONTEXT_FIELD", "UPDATE_CONTEXT_FIELD", "DELETE_CONTEXT_FIELD"),
    *("CREATE_SEGMENT", "UPDATE_SEGMENT", "DELETE_SEGMENT"),
    *("CREATE_STRATEGY", "UPDATE_STRATEGY", "DELETE_STRATEGY"),
    *("CREATE_TAG_TYPE", "UPDATE_TAG_TYPE", "DELETE_TAG_TYPE"),
    *("RELEASE_PLAN_TEMPLATE_CREATE", "RELEASE_PLAN_TEMPLATE_UPDATE"),
)
_OWNER = ("UPDATE_PROJECT_CONTEXT", "UPDATE_PROJECT_SEGMENT", "UPDATE_PROJECT_RELEASE_TEMPLATE")


def _role(role_id: int, name: str, type_: str, description: str, *permissions: str) -> Role:
    return Role(
        id=role_id,
        name=name,
        type=type_,
        description=description,
        permissions=tuple(sorted(map(RolePermission, permissions))),
    )


ADMIN = _role(1, "Admin", "root", "May do everything, in every project.", "ADMIN")
EDITOR = _role(2, "Editor", "root", "May change flags and most settings, and create projects.", *_EDITOR, *_PROJECT)
VIEWER = _role(3, "Viewer", "root", "May look, and change nothing.")
OWNER = _role(4, "Owner", "project", "May do everything in the project, and say who else may.", *_PROJECT, *_OWNER)
MEMBER = _role(5, "Member", "project", "May change the flags of the project.", *_MEMBER)
READER = _role(6, "Reader", "project", "May see the project, also when it is private.")
PREDEFINED = (ADMIN, EDITOR, VIEWER, OWNER, MEMBER, READER)
"""Every server has these roles under these ids; they cannot be changed."""

LAST_PREDEFINED_ID = 100
"""Ids up to here are kept for roles that we define."""


def root_role(named: int | str) -> Role:
    """The predefined root role with this id or name.

    Raises:
        BadData: there is none.
    """
    for role in PREDEFINED:
        if role.type == "root" and named in (role.id, str(role.id), role.name):
            return role
    names = ", ".join(f"{role.name} ({role.id})" for role in PREDEFINED if role.type == "root")
    raise BadData(f"There is no root role {named!r}. Use one of {names}.", Detail(f"One of {names}.", "/body/rootRole"))
