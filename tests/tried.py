"""Which commands have been tried with faults (`tests/faults.py`), as it stands in `tests/data/tried-commands.txt`.

    python -m tests.tried TEST...   tries what these tests call, and adds it
    python -m tests.tried           tries what all call that are meant for it, and writes the file anew

A command stands there when it was tried on both databases, at every statement, and nothing was left of it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from flagkeeper.storage.dialects import Dialect
from tests.faults import REPORT, commands

TESTS = Path(__file__).parent
TRIED = TESTS / "data/tried-commands.txt"
LEFT_OUT = ("cli", "storm", "replicas", "kills", "upgrade", "deploy", "idle", "hangs", "new_slice", "retention")
"""Tests of other processes, which have writers of their own, and of what a server does when time passes."""
BESIDE_REQUESTS = (
    "database_pool",
    "deliveries",
    "flags_many",
    "insights",
    "names_beside_the_log",
    "project_figures",
    "unattended",
    "usage",
)
"""Tests of the database whose commands no request calls, besides those of keepers."""


class Found(msgspec.Struct, frozen=True):
    """What a run with faults came to."""

    tried: set[str]
    """Commands, on both databases."""
    broken: list[str]
    """Faults after which something was there, or nobody was told."""
    cases: int
    statements: int
    faults: int
    said: str
    """The end of what the run printed."""

    def __str__(self) -> str:
        return (
            f"{len(self.tried)} of {len(commands())} commands, {self.cases} cases, {self.statements} statements, "
            f"{self.faults} faults\n{self.said}"
        )


def everything() -> list[str]:
    """The files of all tests that are meant for it."""
    files = [
        *sorted(TESTS.glob("db/test_keepers*.py")),
        *(TESTS / f"db/test_{name}.py" for name in BESIDE_REQUESTS),
        *sorted(TESTS.glob("api/test_*.py")),
    ]
    return [str(path) for path in files if not any(word in path.name for word in LEFT_OUT)]


def run(tests: Sequence[str], processes: int = 2) -> Found:
    """Runs tests in processes of their own, with faults in all that they call."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-n", str(processes), "-p", "tests.faults", "-o", "timeout=0"]
        ran = subprocess.run(
            [*command, *tests],
            cwd=TESTS.parent,
            env={**os.environ, REPORT: folder},
            capture_output=True,
            text=True,
            check=False,
        )
        told = [json.loads(path.read_text()) for path in Path(folder).glob("*.json")]
    assert told, ran.stdout[-3_000:] + ran.stderr[-3_000:]
    on_each = [{name for each in told for name in each["commands"][dialect.value]} for dialect in Dialect]
    return Found(
        tried=set.intersection(*on_each),
        broken=[each for process in told for each in process["broken"]],
        cases=sum(each["cases"] for each in told),
        statements=sum(each["statements"] for each in told),
        faults=sum(each["faults"] for each in told),
        said=ran.stdout[-1_000:],
    )


def noted() -> list[str]:
    """What stands in the file."""
    return TRIED.read_text().split()


def note(tried: Iterable[str]) -> None:
    TRIED.write_text("".join(f"{name}\n" for name in sorted(tried)))


def main(tests: Sequence[str]) -> None:
    found = run(tests or everything())
    print(found)
    if found.broken:
        sys.exit("\n".join(found.broken))
    known = set(noted()) if tests else set()
    note((known & commands()) | found.tried)
    if untried := sorted(commands().difference(noted())):
        sys.exit(f"not tried yet: {', '.join(untried)}")


if __name__ == "__main__":
    main(sys.argv[1:])
