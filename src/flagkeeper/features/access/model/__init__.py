"""Roles, and what they allow. Pure."""

from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.payload import PermissionData, RoleData
from flagkeeper.eventlog.catalogue.project_access import Holder, ProjectAccessData, RoleHolders
from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.version import Gone, Snapshot, State
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

LONGEST_NAME = 255
LONGEST_DESCRIPTION = 10_000

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

    @property
    def is_predefined(self) -> bool:
        return self.type in (ROOT, PROJECT)

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


class RoleDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator wants a role to be."""

    name: str
    description: str = ""
    type: str = PROJECT_CUSTOM
    """`root-custom` or `custom`."""
    permissions: tuple[RolePermission, ...] = ()
    """In order, none twice."""


class RoleState(Snapshot, frozen=True, kw_only=True):
    """A version of a role."""

    kind: ClassVar = "role"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: state if state["role"] else None}
    role: RoleData

    def draft(self) -> RoleDraft:
        """What a person would have to ask for, to get it."""
        shown = self.role
        return RoleDraft(
            name=shown.name,
            description=shown.description,
            type=shown.type,
            permissions=tuple(RolePermission(each.name, each.environment or "") for each in shown.permissions),
        )


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

    def payload(self) -> ProjectAccessData:
        """How events show it."""
        return ProjectAccessData(
            roles=[
                RoleHolders(
                    id=role,
                    users=[Holder(id=each.user_id) for each in self.members if each.role_id == role],
                    groups=[Holder(id=each.group_id) for each in self.groups if each.role_id == role],
                )
                for role in sorted(self.roles())
            ]
        )

    def roles(self) -> set[int]:
        """Those that somebody has."""
        return {each.role_id for each in self.members} | {each.role_id for each in self.groups}

    def changed_roles(self, new: "ProjectAccess") -> set[int]:
        """Those that somebody gets or loses when this becomes the other one."""
        users, groups = set(self.members) ^ set(new.members), set(self.groups) ^ set(new.groups)
        return {each.role_id for each in users} | {each.role_id for each in groups}

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
LEVELS = {name: level for level, names in PERMISSIONS.items() for name in names}

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

DIGITS = 19
"""Of a number that is too large to be an id."""
LAST_PREDEFINED_ID = 100
"""Ids up to here are kept for roles that we define."""


def check_role(draft: RoleDraft) -> None:
    """Checks a draft by itself.

    Raises:
        BadData: it breaks a rule.
    """
    if not draft.name.strip() or len(draft.name) > LONGEST_NAME:
        raise BadData("A role needs a name.", Detail(f"1 to {LONGEST_NAME} characters are allowed.", "/body/name"))
    check_line(draft.name, "/body/name")
    if len(draft.description) > LONGEST_DESCRIPTION:
        raise BadData(
            "The description is too long.", Detail(f"At most {LONGEST_DESCRIPTION} characters.", "/body/description")
        )
    if draft.type not in (ROOT_CUSTOM, PROJECT_CUSTOM):
        raise BadData("There is no such type of role.", Detail(f"{ROOT_CUSTOM} or {PROJECT_CUSTOM}.", "/body/type"))
    for number, each in enumerate(draft.permissions):
        if problem := _problem(each, draft.type):
            raise BadData(
                f"A role of this type cannot allow {each.name}.", Detail(problem, f"/body/permissions/{number}")
            )


def _problem(wanted: RolePermission, type_: str) -> str | None:
    level = LEVELS.get(wanted.name)
    if level is None:
        return "There is no such permission; /api/admin/permissions has all."
    if wanted.name == "ADMIN":
        return "Only the predefined role Admin allows everything."
    if level is Level.ROOT and type_ != ROOT_CUSTOM:
        return "It is for the whole server, and the role for projects."
    if wanted.environment and level is not Level.ENVIRONMENT:
        return "It is not limited to an environment."
    return None


def root_role_id(named: int | str) -> int:
    """The id of a root role that is named by it, or by the name of a predefined one. Whether there is one with an id
    that is given as a number is seen where it is used.

    Raises:
        BadData: no predefined root role has this name.
    """
    if isinstance(named, int):
        return named
    return int(named) if named.isascii() and named.isdigit() and len(named) < DIGITS else root_role(named).id


def root_role(named: int | str) -> Role:
    """The predefined root role with this id or name.

    Raises:
        BadData: there is none.
    """
    for role in PREDEFINED:
        if role.type == ROOT and named in (role.id, str(role.id), role.name):
            return role
    names = ", ".join(f"{role.name} ({role.id})" for role in PREDEFINED if role.type == "root")
    raise BadData(f"There is no root role {named!r}. Use one of {names}.", Detail(f"One of {names}.", "/body/rootRole"))
