"""What somebody may do and see: a root role, and roles in projects. Pure; nothing is worked out before it is asked for.

`allowed` and `hidden_projects` are the only places that decide.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

import msgspec

from flagkeeper.http.permissions import Permission

Allowed = Mapping[str, frozenset[str | None]]
"""What a role allows: permissions, and in which environments each holds. None among those means in all of them."""


class Projects(msgspec.Struct, frozen=True):
    """The projects of the server, as far as they matter for access."""

    known: frozenset[str] = frozenset()
    """All that exist, archived ones too."""
    closed: frozenset[str] = frozenset()
    """Protected and private ones: only their members change anything there, whatever root role others have."""
    private: frozenset[str] = frozenset()
    """Only members know of them."""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """The roles that somebody has. What the roles allow and which projects there are is kept once, for all.

    Administrators may do and see everything.
    """

    roots: tuple[int, ...] = ()
    """The roles that count outside of projects, and in all that are not closed: their own, and those of groups."""
    members: Mapping[str, tuple[int, ...]] = {}
    """The roles in each project of which they are a member, by themselves or through groups."""
    roles: Mapping[int, Allowed] = {}
    projects: Projects = Projects()


class Grant(msgspec.Struct, frozen=True):
    """One permission; None means every project, every environment."""

    permission: str
    project: str | None = None
    environment: str | None = None


@runtime_checkable
class Accesses(Protocol):
    """Knows what everybody may do."""

    def access_of(self, user_id: int) -> Access | None:
        """None: there is nobody with this id."""
        ...


NOTHING = Access()
ADMINISTRATOR = Access(roots=(1,), roles={1: {Permission.ADMIN: frozenset({None})}})
"""What an admin token opens."""

_NO_ROLE: Allowed = {}
_NOWHERE: frozenset[str | None] = frozenset()


def is_admin(access: Access) -> bool:
    return any(Permission.ADMIN in access.roles.get(role, _NO_ROLE) for role in access.roots)


def allowed(access: Access, permission: str, project: str | None = None, environment: str | None = None) -> bool:
    """Whether somebody may do a thing: in a project (None: outside of all, or in every one) and in an environment
    (None: in every one)."""
    roles, is_open = access.roles, project not in access.projects.closed
    for number in access.roots:
        role = roles.get(number, _NO_ROLE)
        if Permission.ADMIN in role or (is_open and _holds(role, permission, environment)):
            return True
    if project is not None:
        for number in access.members.get(project, ()):
            if _holds(roles.get(number, _NO_ROLE), permission, environment):
                return True
    return False


def hides(access: Access, project: str) -> bool:
    """Whether somebody may not know of a project."""
    return project in access.projects.private and project not in access.members and not is_admin(access)


def hidden_projects(access: Access) -> frozenset[str]:
    """All projects of which somebody may not know."""
    if is_admin(access) or not access.projects.private:
        return frozenset()
    return access.projects.private.difference(access.members)


def grants(access: Access) -> Iterator[Grant]:
    """Everything that somebody may do, for people to read. In a closed project, what its roles allow is all."""
    for role in access.roots:
        yield from _grants(access.roles.get(role, _NO_ROLE), None)
    for project, roles in access.members.items():
        for role in roles:
            yield from _grants(access.roles.get(role, _NO_ROLE), project)


def _holds(role: Allowed, permission: str, environment: str | None) -> bool:
    where = role.get(permission, _NOWHERE)
    return None in where or (environment is not None and environment in where)


def _grants(role: Allowed, project: str | None) -> Iterator[Grant]:
    for permission, environments in role.items():
        for environment in environments:
            yield Grant(permission, project, environment)
