"""The long form of what `tests/story.py` does with one statement of each kind of change: every statement of every
command fails once, whatever calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.faults import REPORT, commands

TESTS = Path(__file__).parents[1]
LEFT_OUT = ("cli", "storm", "replicas", "kills", "upgrade", "deploy", "idle", "hangs", "new_slice", "retention")
"""Tests of other processes, which have writers of their own, and of what a server does when time passes."""


def test_nothing_is_left_of_a_change_of_which_a_statement_fails(tmp_path: Path) -> None:
    files = [
        str(path)
        for path in (*sorted(TESTS.glob("db/test_keepers_*.py")), *sorted(TESTS.glob("api/test_*.py")))
        if not any(word in path.name for word in LEFT_OUT)
    ]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "tests.faults", "-o", "timeout=0", *files],
        cwd=TESTS.parent,
        env={**os.environ, REPORT: str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    told = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    tried = {command for each in told for command in each["commands"]}
    sums = {name: sum(each[name] for each in told) for name in ("cases", "statements", "faults")}
    print(f"{len(tried)} commands, {sums['cases']} cases, {sums['statements']} statements, {sums['faults']} faults")
    print(f"never called by these tests: {sorted(commands() - tried)}")
    assert [each for process in told for each in process["broken"]] == []
    assert told, run.stdout[-3_000:]
