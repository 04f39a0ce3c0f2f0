"""How Edge signs, and which token it gets. Pure."""

import base64
import hmac
import re
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from flagkeeper.features.tokens.model import TokenDraft, TokenType, draft
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadCredentials, BadData

PATH = "/edge/issue-token"
NAME = "edge"
"""What lists and events call its tokens."""
TOLERANCE = 5 * clock.MINUTE
"""Between the clocks of Edge and of this server."""
MOST_TOKENS = 100
"""Of one request."""
LONGEST_NONCE = 200
_AUTHORIZATION = re.compile(r"HMAC (?P<client>[^:\s]{1,200}):(?P<signature>[A-Za-z0-9_\-+/]{1,100}={0,2})")


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """The headers of a signed request, and its body."""

    authorization: str
    timestamp: str
    nonce: str
    content_sha256: str
    body: bytes


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A token that opens projects (all: `*`) in an environment."""

    environment: str
    projects: list[str]

    def draft(self) -> TokenDraft:
        """Raises `BadData`."""
        return draft(NAME, TokenType.CLIENT, self.environment, sorted(self.projects))


def demand_signature(signed: Signed, secret: str, now: clock.Millis) -> None:
    """Demands that whoever shares `secret` with this server has signed the request just now.

    Raises:
        BadCredentials: nobody did; or there is no secret.
    """
    found = _AUTHORIZATION.fullmatch(signed.authorization)
    if not secret or found is None or not 0 < len(signed.nonce) <= LONGEST_NONCE:
        raise BadCredentials("Sign the request with the secret that Edge shares with this server.")
    if not hmac.compare_digest(sha256(signed.body).hexdigest().encode(), signed.content_sha256.lower().encode()):
        raise BadCredentials("The body is not the one that was signed.")
    if not hmac.compare_digest(signature(signed, secret).encode(), _url_safe(found["signature"]).encode()):
        raise BadCredentials("The signature is wrong.")
    try:
        at = clock.from_iso(signed.timestamp)
    except (ValueError, BadData) as error:
        raise BadCredentials("The timestamp is no ISO time.") from error
    if abs(now - at) > TOLERANCE:
        raise BadCredentials("The request was signed too long ago, or the clocks differ.")


def signature(signed: Signed, secret: str) -> str:
    """HMAC-SHA256 over method, path, time, nonce and the body's hash, in URL-safe base64 without padding."""
    text = f"POST\n{PATH}\n{signed.timestamp}\n{signed.nonce}\n{signed.content_sha256}"
    return base64.urlsafe_b64encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode().rstrip("=")


def secret_of(wanted: TokenDraft, salt: str, secret: str) -> str:
    """The secret of a token, which can be told again to those who share `secret`, though nobody keeps it."""
    told = "\n".join(("edge-token", salt, wanted.environment, *wanted.projects))
    project = wanted.projects[0] if len(wanted.projects) == 1 else "[]"
    return f"{project}:{wanted.environment}.{hmac.new(secret.encode(), told.encode(), sha256).hexdigest()[:56]}"


def key_of(projects: Sequence[str]) -> str:
    """Projects as a key."""
    return msgspec.json.encode(sorted(projects)).decode()


def _url_safe(text: str) -> str:
    return text.replace("+", "-").replace("/", "_").rstrip("=")
