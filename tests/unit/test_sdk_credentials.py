"""Who may call the endpoints of SDKs."""

from collections.abc import Iterable
from typing import Any

import pytest

from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.http.sdk import sdk_credential
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadCredentials, Forbidden, LoginRequired


class Tokens:
    """Tokens by their secret."""

    def __init__(self, **known: Credential) -> None:
        self.known = known

    def find(self, secret: str) -> Credential | None:
        return self.known.get(secret)


class NoSessions:
    async def find(self, cookie: str) -> Credential | None:
        return None

    async def find_all(self, cookies: Iterable[str]) -> dict[str, Credential]:
        return {}


def token(kind: Kind, **more: Any) -> Credential:
    return Credential(kind=kind, name="shop", user_id=-1337, **more)


def authenticator(tokens: Tokens, **more: Any) -> Authenticator:
    return Authenticator(tokens=tokens, sessions=NoSessions(), **more)


KNOWN = Tokens(
    backend=token(Kind.BACKEND), frontend=token(Kind.FRONTEND), admin=token(Kind.ADMIN), user=token(Kind.USER)
)


@pytest.mark.parametrize("header", ["backend", "Bearer backend", "bearer  backend "])
def test_a_backend_token(header: str) -> None:
    assert sdk_credential(authenticator(KNOWN), header, Kind.BACKEND) is KNOWN.known["backend"]


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (None, LoginRequired),
        ("", LoginRequired),
        ("nobody", BadCredentials),
        ("frontend", Forbidden),
        ("admin", Forbidden),
        ("user", Forbidden),
    ],
)
def test_who_is_turned_away(header: str | None, error: type[Exception]) -> None:
    with pytest.raises(error):
        sdk_credential(authenticator(KNOWN), header, Kind.BACKEND)


def test_a_token_counts_until_it_expires_or_is_revoked() -> None:
    tokens = Tokens(soon=token(Kind.FRONTEND, expires_at=clock.now() + clock.HOUR))
    assert sdk_credential(authenticator(tokens), "soon", Kind.FRONTEND).name == "shop"
    tokens.known["soon"] = token(Kind.FRONTEND, expires_at=clock.now())
    with pytest.raises(BadCredentials):
        sdk_credential(authenticator(tokens), "soon", Kind.FRONTEND)
    del tokens.known["soon"]
    with pytest.raises(BadCredentials):
        sdk_credential(authenticator(tokens), "soon", Kind.FRONTEND)


def test_without_login_nobody_needs_a_token_but_a_wrong_one_is_wrong() -> None:
    open_gate = authenticator(KNOWN, no_login=True)
    anybody = sdk_credential(open_gate, None, Kind.BACKEND)
    assert (anybody.projects, anybody.environment) == (("*",), "*")
    with pytest.raises(BadCredentials):
        sdk_credential(open_gate, "nobody", Kind.BACKEND)
