"""Who calls: the identity behind a request, and what it may do."""

from enum import StrEnum

import msgspec

from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import PermissionDenied


class Kind(StrEnum):
    """What sort of credential it is; it decides which part of the API it opens."""

    ADMIN = "admin"
    """An admin token: everything on the admin API."""
    USER = "user"
    """A person or service account, by session or personal access token."""
    BACKEND = "client"
    """A server-side SDK (called `client` on the wire, `backend` is its synonym)."""
    FRONTEND = "frontend"


class Grant(msgspec.Struct, frozen=True):
    """One permission; None means every project, every environment."""

    permission: str
    project: str | None = None
    environment: str | None = None


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What the server knows about a secret: never the secret itself."""

    kind: Kind
    name: str
    """What events call its owner: an e-mail, a user name, or the token's name."""
    user_id: int
    """The owner's id; a negative one for tokens that belong to nobody (kernel.actor)."""
    grants: frozenset[Grant] = frozenset()
    projects: tuple[str, ...] = ("*",)
    """For SDK tokens: the projects it reads."""
    environment: str = "*"
    """For SDK tokens: the one environment it reads."""
    expires_at: Millis | None = None


class Caller(msgspec.Struct, frozen=True):
    """A credential in one request."""

    credential: Credential
    actor: Actor

    @property
    def is_admin(self) -> bool:
        return self.may(Permission.ADMIN)

    def may(self, permission: Permission, project: str | None = None, environment: str | None = None) -> bool:
        """Whether any grant allows `permission` there; `ADMIN` allows everything."""
        return self.credential.kind is Kind.ADMIN or any(
            grant.permission == Permission.ADMIN
            or (
                grant.permission == permission
                and grant.project in (None, project)
                and grant.environment in (None, environment)
            )
            for grant in self.credential.grants
        )

    def demand(self, *permissions: Permission, project: str | None = None, environment: str | None = None) -> None:
        """Raises `PermissionDenied` unless one of `permissions` is granted there."""
        if not any(self.may(permission, project, environment) for permission in permissions):
            names = " or ".join(permissions)
            raise PermissionDenied(f"You need the permission {names} to do this.", tuple(permissions))
