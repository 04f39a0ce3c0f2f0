"""Who calls an endpoint for SDKs: a token of the right kind. Tokens are looked up anew for every request."""

import re

from flagkeeper.http.authentication import authenticate, bare_token
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import NO_LOGIN_USER_ID
from flagkeeper.kernel.errors import BadData, Forbidden

DEFAULT_ENVIRONMENT = "development"
"""What a caller without a token reads, where no login is needed and no environment is named."""

FRONTEND_PATHS = ("/api/frontend", "/api/proxy")
"""Where SDKs in browsers ask. The second is what Unleash's proxy and its Edge call it."""

_TOKEN = re.compile(r"[!-~]*")
"""What can be one: no blanks in it, and nothing that is not ASCII."""
_NOBODY = Credential(kind=Kind.BACKEND, name="unknown", user_id=NO_LOGIN_USER_ID)


def sdk_credential(authenticator: Authenticator, authorization: str | None, *kinds: Kind) -> Credential:
    """The token behind an `Authorization` header.

    Raises:
        BadData: what is in the header can be no token.
        LoginRequired, BadCredentials: nobody we know.
        Forbidden: a valid token, but of none of these kinds.
    """
    if authenticator.no_login and not authorization:
        return _NOBODY
    if authorization and not _TOKEN.fullmatch(bare_token(authorization)):
        raise BadData("The Authorization header must be a token, bare or after `Bearer`: this one is malformed.")
    credential = authenticate(authorization, authenticator.tokens, clock.now())
    if credential.kind not in kinds:
        kind = kinds[0]
        raise Forbidden(f"This is no {_NAMES[kind]} token. Use one that was created for {_USES[kind]}.")
    return credential


_NAMES = {Kind.BACKEND: "backend", Kind.FRONTEND: "frontend"}
_USES = {Kind.BACKEND: "server-side SDKs", Kind.FRONTEND: "browsers and mobile apps"}
