"""The sources of the web interface: its types fit the server, it compiles, and its own tests pass."""

import subprocess

import pytest

from tools.build_ui import MODULES, node
from tools.ui_types import interface, is_stale

CHECKS = {
    "vitest": ("vitest/vitest.mjs", "run"),
    "types": ("typescript/bin/tsc", "--noEmit"),
    "lint": ("@biomejs/biome/bin/biome", "check", "."),
}


def test_the_types_fit_the_http_interface() -> None:
    assert not is_stale(interface()), "the HTTP interface has changed: run `make ui-types`"


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
def test_the_sources_are_right(check: str) -> None:
    program, *arguments = CHECKS[check]
    assert (MODULES / program).exists(), "the packages of the interface's tests are missing: `make test` installs them"
    done: subprocess.CompletedProcess[str] = node(str(MODULES / program), *arguments, patience=110)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
