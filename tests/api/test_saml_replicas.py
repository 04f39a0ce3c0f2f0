"""A login by SAML may begin, come back and end at different servers, and an answer is taken by one of them only."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.replicas import Replica
from tests.saml_provider import SamlProvider
from tests.server import ADMIN
from tests.signing_in_by_saml import CALLBACK, METADATA, SETTINGS, START

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(300)]
SOON = 30.0
"""Seconds in which the other servers know that a setting was changed."""


@pytest.fixture
def servers(postgresql_url: str, tmp_path: Path) -> Iterator[list[str]]:
    """Three, by where they listen."""
    replicas = [Replica(name, postgresql_url, tmp_path, tmp_path / "archive") for name in ("a", "b", "c")]
    try:
        for each in replicas:
            each.start()
        yield [f"http://127.0.0.1:{each.port}" for each in replicas]
    finally:
        for each in replicas:
            each.end()


def test_three_servers_are_one(servers: list[str], tmp_path: Path) -> None:
    first, second, third = servers
    with SamlProvider(tmp_path) as provider, httpx.Client(trust_env=False, timeout=30) as client:
        body = {
            "enabled": True,
            "autoCreate": True,
            "entityId": provider.entity_id,
            "signOnUrl": provider.sign_on_url,
            "certificate": provider.pair.certificate,
        }
        set_up = client.post(f"{first}{SETTINGS}", json=body, headers={"Authorization": ADMIN})
        assert set_up.status_code == 200, set_up.text
        provider.meet(client.get(f"{second}{METADATA}").text)
        provider.know("ada")
        deadline = time.monotonic() + SOON
        while not all(client.get(f"{each}/auth/options").json()["options"] for each in servers):
            assert time.monotonic() < deadline, "the setting never arrives"
        begun = client.get(f"{first}{START}")
        assert begun.status_code == 302, begun.text
        posted = provider.answer(begun.headers["location"], "ada")

        def sent(server: str) -> httpx.Response:
            return httpx.post(f"{server}{CALLBACK}", data=posted.fields, trust_env=False, timeout=30)

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(sent, [second, third] * 3))
        assert sorted(each.status_code for each in answers) == [303, 401, 401, 401, 401, 401]
        (taken,) = (each for each in answers if each.status_code == 303)
        ended = client.get(f"{third}{taken.headers['location']}")
        assert ended.status_code == 302, ended.text
        assert client.get(f"{first}/api/admin/user").json()["user"]["email"] == "ada@example.com"
