"""Pictures of every page of the web interface: light and dark, 1440 and 390 pixels wide.

    python -m tools.screenshots [FOLDER]      by default build/screenshots

The server runs in this process, on a database of its own that it fills with something to look at.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.e2e import demo
from tests.e2e.browser import NARROW, WIDE, launched, log_in, saved, settle
from tests.e2e.pages import PAGES
from tests.server import PASSWORD, Host, TestServer, settings_for
from tools.build_ui import build


def shoot(server: TestServer, folder: Path) -> int:
    """Photographs every page, and says how many pictures there are."""
    newest = server.events(type="IS:feature-strategy-update")[0]["id"]
    taken = 0
    with launched() as browser:
        context = browser.new_context(locale="en-GB")
        page = context.new_page()
        page.set_default_timeout(15_000)
        log_in(page, server.url, "admin", PASSWORD)
        for width, size in (("1440", WIDE), ("390", NARROW)):
            page.set_viewport_size(size)
            for name, path in PAGES.items():
                page.goto(server.url + path.replace("newest", str(newest)))
                settle(page)
                page.wait_for_timeout(300)
                for scheme in ("light", "dark"):
                    page.emulate_media(color_scheme=scheme)
                    saved(page, folder / f"{name}-{scheme}-{width}.png")
                    taken += 1
    return taken


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots")
    build()
    host = Host()
    with tempfile.TemporaryDirectory() as place:
        with TestServer(
            host, settings_for(f"sqlite:///{place}/pictures.db", allow_private_integrations=True)
        ) as server:

            def call(method: str, path: str, json: Any) -> Any:
                answer = server.request(method, path, **({} if json is None else {"json": json}))
                answer.raise_for_status()
                return answer.json() if answer.content else None

            demo.fill(call)
            taken = shoot(server, folder)
        host.stop()
    print(f"{taken} pictures are in {folder}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
