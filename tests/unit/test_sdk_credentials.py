"""Who may call the endpoints of SDKs."""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any

import pytest

from flagkeeper.http.caller import Credential, Kind
from flagkeeper.http.gate import Gate
from flagkeeper.http.sdk import sdk_actor, sdk_credential
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor
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


def gate(tokens: Tokens, **more: Any) -> Gate:
    return Gate(tokens=tokens, sessions=NoSessions(), **more)


KNOWN = Tokens(
    backend=token(Kind.BACKEND), frontend=token(Kind.FRONTEND), admin=token(Kind.ADMIN), user=token(Kind.USER)
)


@pytest.mark.parametrize("header", ["backend", "Bearer backend", "bearer  backend "])
def test_a_backend_token(header: str) -> None:
    assert sdk_credential(gate(KNOWN), header, Kind.BACKEND) is KNOWN.known["backend"]


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
        sdk_credential(gate(KNOWN), header, Kind.BACKEND)


def test_a_token_counts_until_it_expires_or_is_revoked() -> None:
    tokens = Tokens(soon=token(Kind.FRONTEND, expires_at=clock.now() + clock.HOUR))
    assert sdk_credential(gate(tokens), "soon", Kind.FRONTEND).name == "shop"
    tokens.known["soon"] = token(Kind.FRONTEND, expires_at=clock.now())
    with pytest.raises(BadCredentials):
        sdk_credential(gate(tokens), "soon", Kind.FRONTEND)
    del tokens.known["soon"]
    with pytest.raises(BadCredentials):
        sdk_credential(gate(tokens), "soon", Kind.FRONTEND)


def test_without_login_nobody_needs_a_token_but_a_wrong_one_is_wrong() -> None:
    open_gate = gate(KNOWN, no_login=True)
    anybody = sdk_credential(open_gate, None, Kind.BACKEND)
    assert (anybody.projects, anybody.environment) == (("*",), "*")
    with pytest.raises(BadCredentials):
        sdk_credential(open_gate, "nobody", Kind.BACKEND)


def test_the_token_is_the_author_of_what_it_causes() -> None:
    scope = {"client": ("10.0.0.1", 4242), "headers": [(b"x-forwarded-for", b"203.0.113.9")]}
    trusting = gate(KNOWN, trusted_proxies=(ip_network("10.0.0.0/8"),))
    assert sdk_actor(trusting, KNOWN.known["backend"], scope) == Actor("shop", -1337, "203.0.113.9")
    assert sdk_actor(gate(KNOWN), KNOWN.known["backend"], scope).ip == "10.0.0.1"
    assert sdk_actor(gate(KNOWN), KNOWN.known["backend"], {"headers": []}).ip == "unknown"
