"""Logging in by SAML as a browser does it: there with its cookies, back by a form without any, in with them again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from flagkeeper.kernel.limits import PerMinute
from tests.saml_provider import Posted, SamlProvider
from tests.server import TestServer

SETTINGS = "/api/admin/auth/saml/settings"
START, CALLBACK, FINISH = "/auth/saml/login", "/auth/saml/callback", "/auth/saml/finish"
METADATA = "/auth/saml/metadata"
MANY: dict[str, Any] = {"per_minute": PerMinute(logins=1000)}


def set_up(server: TestServer, provider: SamlProvider, **more: Any) -> None:
    body = {
        "enabled": True,
        "entityId": provider.entity_id,
        "signOnUrl": provider.sign_on_url,
        "certificate": provider.pair.certificate,
        **more,
    }
    answer = server.post(SETTINGS, json=body)
    assert answer.status_code == 200, answer.text
    provider.meet(server.get(METADATA, token=None).text)


@contextmanager
def browser(server: TestServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as client:
        yield client


def answered(client: httpx.Client, provider: SamlProvider, subject: str, start: str = START) -> Posted:
    """Begins a login, shows the provider who somebody is, and says what it makes the browser send."""
    begun = client.get(start)
    assert begun.status_code == 302, begun.text
    posted = provider.answer(begun.headers["location"], subject)
    assert urlsplit(posted.url).path.endswith(CALLBACK)
    return posted


def send(server: TestServer, posted: Posted) -> httpx.Response:
    """Sends it from a page of the provider: none of our cookies goes along."""
    headers = {"Origin": "https://provider.test", "Sec-Fetch-Site": "cross-site"}
    return httpx.post(f"{server.url}{CALLBACK}", data=posted.fields, headers=headers, trust_env=False)


def finish(client: httpx.Client, sent: httpx.Response) -> httpx.Response:
    """Goes on to where the server leads, if it does."""
    return client.get(sent.headers["location"]) if sent.status_code == 303 else sent


def log_in(
    server: TestServer, client: httpx.Client, provider: SamlProvider, subject: str, start: str = START
) -> httpx.Response:
    return finish(client, send(server, answered(client, provider, subject, start)))


def logins(server: TestServer) -> list[tuple[str | None, str | None]]:
    """Who, and why not; the newest first."""
    found = server.get("/api/admin/logins").json()["events"]
    return [(each.get("username"), each["failure_reason"]) for each in found if each["auth_type"] == "saml"]
