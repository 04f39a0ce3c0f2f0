"""Who calls: the identity behind a request, and what it may do."""

from enum import StrEnum

import msgspec

from flagkeeper.http.access import NOTHING, Access, allowed, hides, is_admin
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.actor import NO_LOGIN_USER_ID, Actor
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import NotFound, PermissionDenied


class Kind(StrEnum):
    """What sort of credential it is; it decides which part of the API it opens."""

    ADMIN = "admin"
    """An admin token: everything on the admin API."""
    USER = "user"
    """A person or service account, by session or personal access token."""
    BACKEND = "client"
    """A server-side SDK (called `client` on the wire, `backend` is its synonym)."""
    FRONTEND = "frontend"


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What the server knows about a secret: never the secret itself."""

    kind: Kind
    id: str | None = None
    """Of the token that was shown; None for a session."""
    name: str
    """What events call its owner: an e-mail, a user name, or the token's name."""
    user_id: int
    """The owner's id; a negative one for tokens that belong to nobody (kernel.actor)."""
    access: Access = NOTHING
    """What it may do on the admin API."""
    projects: tuple[str, ...] = ("*",)
    """For SDK tokens: the projects it reads."""
    environment: str = "*"
    """For SDK tokens: the one environment it reads."""
    expires_at: Millis | None = None


Holder = tuple[str, int, str, str]
"""Who counts as one: a person with all sessions and tokens, a token that belongs to nobody, or an address, where
nobody logs in."""


class Caller(msgspec.Struct, frozen=True):
    """A credential in one request."""

    credential: Credential
    actor: Actor

    @property
    def holder(self) -> Holder:
        """Whom what it takes of something that there is little of is counted for."""
        where = self.actor.ip if self.credential.user_id == NO_LOGIN_USER_ID else ""
        return self.credential.kind, self.credential.user_id, self.credential.name, where

    @property
    def is_admin(self) -> bool:
        return is_admin(self.credential.access)

    def may(self, permission: Permission, project: str | None = None, environment: str | None = None) -> bool:
        """Whether the caller may do that there (`access.allowed`)."""
        return allowed(self.credential.access, permission, project, environment)

    def demand_visible(self, project: str) -> None:
        """Raises `NotFound` when the caller may not know of the project."""
        if hides(self.credential.access, project):
            raise unknown_project(project)

    def demand(self, *permissions: Permission, project: str | None = None, environment: str | None = None) -> None:
        """Demands one of `permissions` there.

        Raises:
            NotFound: the caller may not know of the project, or there is none.
            PermissionDenied: none of them is granted.
        """
        access = self.credential.access
        if project is not None:
            self.demand_visible(project)
        if any(self.may(permission, project, environment) for permission in permissions):
            return
        if project is not None and project not in access.projects.known:
            # As for one that is hidden: else the two could be told apart.
            raise unknown_project(project)
        names = " or ".join(permissions)
        raise PermissionDenied(f"You need the permission {names} to do this.", tuple(permissions))


def unknown_project(project: str) -> NotFound:
    """What is said of a project that is not there, or that the caller may not know of."""
    return NotFound(f"There is no project with the id {project!r}.")
