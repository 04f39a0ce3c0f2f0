"""Signing in by SAML in a browser, at a provider that is another site: what browsers do with cookies is theirs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.databases import Run, fresh_sqlite
from tests.saml_provider import SamlProvider
from tests.server import Host, TestServer, settings_for
from tests.signing_in_by_saml import SETTINGS, set_up

pytestmark = pytest.mark.slow


@pytest.fixture
def here(run: Run, tmp_path: Path) -> Iterator[TestServer]:
    """A server that knows where browsers reach it."""
    host = Host()
    with (
        fresh_sqlite(run, tmp_path) as url,
        TestServer(host, settings_for(url, public_url=host.url)) as server,
    ):
        yield server
    host.stop()


def test_somebody_signs_in_at_another_site(browser: Browser, here: TestServer, tmp_path: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    with SamlProvider(tmp_path, "localhost") as provider:
        set_up(here, provider, autoCreate=False, signOutUrl=f"{provider.sign_on_url}?out")
        provider.know("ada")

        def sign_in() -> None:
            page.get_by_role("link", name="Sign in with SAML 2.0").click()
            page.wait_for_url("http://localhost:*/sso?**")
            page.get_by_label("Who").fill("ada")
            page.get_by_role("button", name="This is me").click()

        page.goto(f"{here.url}/history?q=env%3Aproduction")
        sign_in()
        expect(page.get_by_role("alert")).to_contain_text("Ask an administrator to add you.")
        page.get_by_role("link", name="Back to the login page").click()
        here.post(SETTINGS, json={"autoCreate": True})
        page.goto(f"{here.url}/history?q=env%3Aproduction")
        sign_in()
        page.wait_for_url(f"{here.url}/history?q=env%3Aproduction")
        page.get_by_role("button", name="ada@example.com", exact=True).click()
        page.get_by_role("menuitem", name="Log out").click()
        page.wait_for_url("http://localhost:*/sso?out")
    context.close()
