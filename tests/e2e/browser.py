"""Chromium, driven by Playwright: one browser for a run, and pages that notice what must not happen."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    expect,
    sync_playwright,
)

from tools.build_ui import MODULES

WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
AXE = MODULES / "axe-core" / "axe.min.js"
CONTRAST = "runOnly: ['color-contrast']"
STRUCTURE = "rules: {'color-contrast': {enabled: false}}"
"""Colours are all that a scheme changes, and structure all that a width changes; colours take axe the longest."""
TELLING = {"serious", "critical"}


def chromium() -> str:
    """Where the browser is.

    Raises:
        FileNotFoundError: there is none; the message names the package.
    """
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise FileNotFoundError(
            "No Chromium was found. Install it (Debian, Ubuntu: `apt-get install chromium`), or name the one that is "
            "there: CHROMIUM=/path/to/it"
        )
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Containers have neither user namespaces nor a large /dev/shm.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield browser
        browser.close()


class Watch:
    """What a page did that no page may do: errors, and requests to other hosts."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self._url = url
        self.found: list[str] = []
        context.on("console", self._console)
        context.on("weberror", lambda error: self.found.append(f"error: {error.error}"))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        # The browser itself logs answers of 400 and more; which ones are right is up to the story.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.found.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._url, "data:", "blob:")):
            self.found.append(f"request: {request.url}")


def log_in(page: Page, url: str, name: str, password: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("Username or e-mail").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/history**")


def violations(page: Page, rules: str = "") -> list[str]:
    """What axe finds that keeps people out. `rules`: options that choose some of its rules."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    results: dict[str, Any] = page.evaluate(f"axe.run(document, {{resultTypes: ['violations'], {rules}}})")
    return [
        f"{found['id']} ({found['impact']}): {node['target']} {node['html'][:160]} {node['failureSummary'][:200]}"
        for found in results["violations"]
        if found["impact"] in TELLING
        for node in found["nodes"]
    ]


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def settle(page: Page) -> None:
    """Waits until a page shows what it asked for."""
    page.locator("h1").first.wait_for()
    expect(page.locator("[role=status][aria-label^=Loading]")).to_have_count(0)


def saved(page: Page, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path)
