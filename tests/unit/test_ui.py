"""The sources of the web interface: its types fit the server, it compiles, and its own tests pass."""

import re
import subprocess

import pytest

from tests.e2e.pages import PAGES
from tools.build_ui import MODULES, SOURCE, node
from tools.ui_types import interface, is_stale

CHECKS = {
    "vitest": ("vitest/vitest.mjs", "run"),
    "types": ("typescript/bin/tsc", "--noEmit"),
    "lint": ("@biomejs/biome/bin/biome", "check", "."),
}


def test_the_types_fit_the_http_interface() -> None:
    assert not is_stale(interface()), "the HTTP interface has changed: run `make ui-types`"


OUTSIDE = {"/login", "/forgotten-password", "/reset-password", "/new-user"}
"""Pages for those who are not logged in; stories open them."""


def test_every_page_is_opened_by_the_tests_of_all_pages() -> None:
    routes = re.findall(r"path: '([^']*)'", (SOURCE / "src" / "routes.tsx").read_text())
    opened = [path.partition("?")[0] for path in PAGES.values()]
    left_out = [
        route
        for route in routes
        if route not in OUTSIDE and not any(re.fullmatch(re.sub(r"\$\w+", "[^/]+", route), path) for path in opened)
    ]
    assert len(routes) > 30
    assert left_out == []


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
def test_the_sources_are_right(check: str) -> None:
    program, *arguments = CHECKS[check]
    assert (MODULES / program).exists(), "the packages of the interface's tests are missing: `make test` installs them"
    done: subprocess.CompletedProcess[str] = node(str(MODULES / program), *arguments, patience=110)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
