"""What a token is to an edge, and what upstream says of it. Pure."""

from typing import Annotated

import msgspec

from flagkeeper.edge.model import Scope, scope_of
from flagkeeper.edge.snapshots import KnownToken
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.kernel.actor import NO_LOGIN_USER_ID

KINDS = {"client": Kind.BACKEND, "backend": Kind.BACKEND, "frontend": Kind.FRONTEND, "admin": Kind.ADMIN}
USES = {Kind.FRONTEND: "browsers and mobile apps", Kind.ADMIN: "administrators", Kind.USER: "people"}


class Valid(msgspec.Struct, frozen=True):
    """A token as `POST /edge/validate` describes it."""

    token: str
    type: str
    environment: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    projects: Annotated[list[str], msgspec.Meta(max_length=10_000)] | None = None

    @property
    def opens(self) -> KnownToken:
        return KnownToken(KINDS[self.type], self.environment or "*", tuple(self.projects or ("*",)))


class Validated(msgspec.Struct, frozen=True):
    tokens: list[Valid]


class Token(msgspec.Struct):
    """A valid token. `secret` is None for one that is known from disk only, and was not shown yet."""

    credential: Credential
    secret: str | None

    @property
    def scope(self) -> Scope:
        return scope_of(self.credential.environment, self.credential.projects)


def token_of(key: str, opens: KnownToken, secret: str | None) -> Token:
    """A token by the hash of its secret."""
    credential = Credential(
        kind=KINDS[opens.type],
        id=key[:32],
        name=f"token-{key[:12]}",
        user_id=NO_LOGIN_USER_ID,
        projects=opens.projects,
        environment=opens.environment,
    )
    return Token(credential, secret)
