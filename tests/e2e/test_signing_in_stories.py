"""Signing in by SAML in a browser, at a provider that is another site: what browsers do with cookies is theirs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.databases import Run, fresh_sqlite
from tests.e2e.browser import CONTRAST, WIDE, log_in, settle, violations
from tests.saml_provider import SamlProvider
from tests.server import PASSWORD, Host, TestServer, settings_for
from tests.signing_in_by_saml import SETTINGS, set_up

pytestmark = pytest.mark.slow

AT_THE_PROVIDER = "http://localhost:*/sso?**"


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


def accessible(page: Page) -> None:
    """Nothing keeps people out, in either colour scheme."""
    page.emulate_media(color_scheme="light")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, CONTRAST) == []


def test_somebody_asks_for_access_and_is_let_in(browser: Browser, here: TestServer, tmp_path: Path) -> None:
    theirs, ours = browser.new_context(), browser.new_context(viewport=WIDE)
    page, users = theirs.new_page(), ours.new_page()
    with SamlProvider(tmp_path, "localhost") as provider:
        set_up(here, provider, autoCreate=False)
        provider.know("ada")

        def sign_in() -> None:
            page.goto(f"{here.url}/login")
            page.get_by_role("link", name="Sign in with SAML 2.0").click()
            page.wait_for_url(AT_THE_PROVIDER)
            page.get_by_label("Who").fill("ada")
            page.get_by_role("button", name="This is me").click()

        sign_in()
        expect(page.get_by_role("button", name="Ask for access")).to_be_visible()
        page.wait_for_load_state()
        accessible(page)
        page.get_by_role("button", name="Ask for access").click()
        expect(page.get_by_role("heading", name="You have asked for access")).to_be_visible()
        accessible(page)

        log_in(users, here.url, "admin", PASSWORD)
        users.goto(f"{here.url}/admin/users")
        settle(users)
        asking = users.get_by_role("region", name="Access requests 1")
        expect(asking.get_by_role("row", name="ada@example.com")).to_contain_text("SAML")
        accessible(users)
        asking.get_by_role("button", name="Reject ada@example.com").click()
        users.get_by_role("dialog").get_by_role("button", name="Reject request").click()
        expect(asking).to_have_count(0)

        sign_in()
        page.get_by_role("button", name="Ask for access").click()
        expect(page.get_by_role("heading", name="You have asked for access")).to_be_visible()
        users.reload()
        settle(users)
        asking.get_by_role("button", name="Approve ada@example.com").click()
        dialog = users.get_by_role("dialog")
        expect(dialog.get_by_role("combobox", name="Role")).to_have_value("Viewer")
        dialog.get_by_role("combobox", name="Role").click()
        users.get_by_role("option", name="Editor").click()
        accessible(users)
        dialog.get_by_role("button", name="Approve request").click()
        expect(users.get_by_role("row", name="ada@example.com")).to_contain_text("Editor")
        expect(asking).to_have_count(0)

        sign_in()
        expect(page.get_by_role("button", name="ada@example.com", exact=True)).to_be_visible()
        told = [each["type"] for each in here.events() if "access-request" in each["type"]][::-1]
        asked, approved, rejected = (f"user-access-request-{each}" for each in ("registered", "approved", "rejected"))
        assert told == [asked, rejected, asked, approved]
    theirs.close()
    ours.close()
