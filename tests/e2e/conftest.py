"""One server with a browser before it, for all stories of a run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from flagkeeper.web.pages import BUILT
from tests.databases import Run, fresh_sqlite
from tests.e2e import demo
from tests.e2e.browser import WIDE, Watch, launched, log_in
from tests.server import PASSWORD, Host, TestServer, settings_for


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for the whole run: as long as Playwright is there, its event loop runs in this thread, and tests of other
    folders that the same process runs could have none of their own."""
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def shown(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    """A server with flags and a history, on SQLite: what a page shows does not depend on the database."""
    assert (BUILT / "index.html").exists(), "the web interface is not built: make ui"
    host = Host()
    with (
        fresh_sqlite(run, Path(tmp_path_factory.mktemp("shown"))) as url,
        TestServer(host, settings_for(url, allow_private_integrations=True, retry_scale=0.000_001)) as server,
    ):

        def call(method: str, path: str, json: Any) -> Any:
            answer = server.request(method, path, **({} if json is None else {"json": json}))
            assert answer.status_code < 300, (path, answer.text)
            return answer.json() if answer.content else None

        demo.fill(call)
        yield server
    host.stop()


@pytest.fixture(scope="module")
def context(browser: Browser, shown: TestServer) -> Iterator[BrowserContext]:
    """A browser in which the administrator is logged in."""
    context = browser.new_context(viewport=WIDE, accept_downloads=True, locale="en-GB")
    context.set_default_timeout(15_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    log_in(page, shown.url, "admin", PASSWORD)
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, shown: TestServer) -> Iterator[Page]:
    """A page that did nothing that no page may do, when the story is over."""
    page = context.new_page()
    watch = Watch(context, shown.url)
    yield page
    page.close()
    assert watch.found == []
