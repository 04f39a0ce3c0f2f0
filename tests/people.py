"""People on a test's server: who they are, and how they call."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx

from flagkeeper.features.access.model import root_role
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.password import hash_password
from flagkeeper.features.users.model.user import draft
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.credentials.slice import CREDENTIALS
from tests.server import TestServer

PASSWORD = "Str0ng!passw0rd"


class Person(NamedTuple):
    """A user with a password (`PASSWORD`) and a personal access token."""

    id: int
    username: str
    token: str


def person(server: TestServer, username: str, role: str = "Viewer", email: str | None = None) -> Person:
    """Creates a user who has the root role."""
    services = server.services
    wanted = draft(username=username, email=email, root_role=root_role(role).id)
    user = server.call(services.units.run(SYSTEM, users.create, wanted, hash_password(PASSWORD)))
    expiry = clock.now() + clock.DAY
    _, secret = server.call(services.units.run(SYSTEM, tokens.create_pat, user.id, "test", expiry))
    server.call(services[CREDENTIALS].reached(services.log_signal.last_id))
    return Person(user.id, username, secret)


@contextmanager
def browser(server: TestServer, username: str, password: str = PASSWORD) -> Iterator[httpx.Client]:
    """A client that has logged in and keeps its cookie."""
    with httpx.Client(base_url=server.url, timeout=30, trust_env=False, verify=False) as client:
        answer = client.post("/auth/simple/login", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        yield client
