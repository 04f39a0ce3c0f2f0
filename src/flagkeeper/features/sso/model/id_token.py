"""Whether an ID token can be trusted (OpenID Connect Core 1.0, section 3.1.3.7). Pure."""

from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from flagkeeper.features.sso.model.untrusted import Untrusted
from flagkeeper.kernel import clock

SKEW = 60
"""Seconds by which the provider's clock may differ from ours."""
LONGEST_SUBJECT = 255


class UnknownKey(Untrusted):
    """It names a key that is not among those that we know: the provider may have new ones."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a token must say."""

    issuer: str
    client_id: str
    nonce: str
    algorithm: str


def read_keys(found: dict[str, Any]) -> KeySet:
    """The keys of a provider (RFC 7517). Those of kinds that we do not know are left out.

    Raises:
        Untrusted: it is no set of keys, or one with secret keys.
    """
    try:
        keys = KeySet.import_key_set(found)  # type: ignore[arg-type]  # it is checked there
    except (JoseError, KeyError, TypeError, ValueError) as error:
        raise Untrusted("its keys cannot be read") from error
    if any(key.key_type == "oct" for key in keys):
        raise Untrusted("it shows secret keys as public ones")
    return keys


def read_id_token(text: str, keys: KeySet, expected: Expected, now: clock.Millis) -> dict[str, Any]:
    """What the token says.

    Raises:
        UnknownKey: none of the keys has the id that it names.
        Untrusted: anything about it is not as it must be.
    """
    try:
        token = jwt.decode(text, keys, algorithms=[expected.algorithm])
        jwt.JWTClaimsRegistry(
            now // clock.SECOND,
            SKEW,
            iss={"essential": True, "value": expected.issuer},
            sub={"essential": True},
            aud={"essential": True, "value": expected.client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": expected.nonce},
        ).validate(token.claims)
    except InvalidKeyIdError as error:
        raise UnknownKey("its key is unknown") from error
    except (JoseError, ValueError, TypeError) as error:
        raise Untrusted(getattr(error, "description", "") or "it cannot be read") from error
    claims: dict[str, Any] = token.claims
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else expected.client_id) != expected.client_id:
        raise Untrusted("it was issued to somebody else")
    if not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
        raise Untrusted("it names nobody")
    return claims
