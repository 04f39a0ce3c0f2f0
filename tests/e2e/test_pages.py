"""Every page: no finding of axe in either colour scheme, nothing from other hosts, no error, no sideways scroll."""

import pytest
from playwright.sync_api import BrowserContext, Page

from flagkeeper.web.pages import BUILT
from tests.e2e.browser import CONTRAST, NARROW, STRUCTURE, WIDE, scrolls_sideways, settle, violations
from tests.e2e.pages import PAGES
from tests.server import TestServer

pytestmark = pytest.mark.slow


def newest(server: TestServer) -> int:
    """The event that `newest` in a page's path stands for."""
    return int(server.events(type="IS:feature-strategy-update")[0]["id"])


@pytest.mark.parametrize("name", PAGES)
def test_page(page: Page, shown: TestServer, name: str) -> None:
    path = PAGES[name].replace("newest", str(newest(shown)))
    page.emulate_media(color_scheme="light")
    page.goto(shown.url + path)
    settle(page)
    assert page.locator("h1").count() == 1
    found = {"light": violations(page)}
    page.emulate_media(color_scheme="dark")
    found["dark"] = violations(page, CONTRAST)
    page.set_viewport_size(NARROW)
    found["narrow"] = violations(page, STRUCTURE)
    wide = scrolls_sideways(page)
    page.set_viewport_size(WIDE)
    assert found == {"light": [], "dark": [], "narrow": []}
    assert not wide


def test_the_first_load_is_small(context: BrowserContext, shown: TestServer) -> None:
    """200 KB of scripts, packed with gzip, are all that the event log needs."""
    page = context.new_page()
    page.goto(f"{shown.url}/history")
    settle(page)
    page.get_by_role("group", name="Key changes over time").wait_for()
    loaded = page.evaluate("performance.getEntriesByType('resource').map(each => each.name)")
    page.close()
    scripts = [name.rpartition("/")[2] for name in loaded if name.endswith(".js")]
    assert len(scripts) > 5
    assert sum((BUILT / "assets" / f"{name}.gz").stat().st_size for name in scripts) <= 200 * 1024
