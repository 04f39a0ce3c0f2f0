"""Authentication: from headers to a credential. Pure; the SDK endpoints and the admin API use the same function."""

from typing import Protocol, runtime_checkable

from flagkeeper.http.caller import Credential
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadCredentials, LoginRequired

LOGIN_PATH = "/auth/simple/login"


@runtime_checkable
class TokenView(Protocol):
    """Knows every secret that is valid now, by its hash."""

    def find(self, secret: str) -> Credential | None: ...


def bare_token(authorization: str) -> str:
    """The token of an `Authorization` header, which may be bare or follow `Bearer `."""
    scheme, _, rest = authorization.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else authorization.strip()


def authenticate(authorization: str | None, tokens: TokenView, now: Millis) -> Credential:
    """The credential behind an `Authorization` header.

    Raises:
        LoginRequired: there is no such header.
        BadCredentials: nobody knows the token, it was revoked, or it has expired.
    """
    if not authorization:
        raise LoginRequired(
            "You must log in to use Flagkeeper. Your request had no authorization header, so we could not authorize "
            f"you. Try logging in at {LOGIN_PATH}."
        )
    credential = tokens.find(bare_token(authorization))
    if credential is None or (credential.expires_at is not None and credential.expires_at <= now):
        raise BadCredentials("The token is unknown, revoked or expired. Log in, or use a valid token.")
    return credential
