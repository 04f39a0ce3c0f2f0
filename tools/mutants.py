"""Puts faults into the modules that matter most, one at a time, and counts how many the tests notice.

    python -m tools.mutants [--count 100] [--seed 1] [--workers 1] [--quick] [MODULE ...]

MODULE narrows it to what begins with that name below `src/flagkeeper`, such as `eventlog/query`, or to one line, such
as `eventlog/unit.py:164`. The faults are spread evenly over the text of the modules. Each worker has a copy of the
tree, so that the working tree stays as it is.

What counts as a fault is said in `tools/mutations.py`: one comparison, operator, number, truth value, condition, call,
return or raise that is another one, or gone. Pace does not count: seconds are written as floats, and those stay.
Faults that change nothing that anybody could notice are in `tests/mutants_equivalent.toml`, each with a reason.

Which tests run for which module is in `tests/mutants.toml`. A fault is caught when one of them fails, or does not end
in its time, and passes in the same time right after that, without the fault. What fails without it too says nothing
(the machine was too busy, say): the fault is tried once more, and then counts as unclear, which is not caught.

It fails when fewer than nine in ten of the faults that can be noticed are caught.
"""

import argparse
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.postgres_server import FAST, PostgresServer
from tools.mutants_pytest import FORKED, pytest_in
from tools.mutations import Mutation, mutations

ROOT = Path(__file__).resolve().parents[1]
SOURCE = "src/flagkeeper"
SUBJECTS = ("eventlog", "storage", "integrations/sender", "readmodels", "http")
LEFT_OUT = ("eventlog/catalogue", "storage/migrations", "http/openapi.py")
"""What is mostly text and declarations, and has tests of its own kind: golden files, schemas, contracts."""
CAUGHT, HUNG, SURVIVED, UNCLEAR, EQUIVALENT = "caught", "hung", "survived", "unclear", "equivalent"
ENOUGH = 0.9
"""The part of the faults that has to be caught."""
TEST_LIMIT = 60
"""Seconds for a test that names no limit of its own."""
RUN_LIMIT = 1_200.0
"""Seconds for a run of tests: for what pytest's own limits do not end."""
ATTEMPTS = 2


class Mutant(NamedTuple):
    module: str
    """Its path below `SOURCE`."""
    mutation: Mutation

    @property
    def name(self) -> str:
        return f"{self.module}:{self.mutation.line}"


class Outcome(NamedTuple):
    mutant: Mutant
    verdict: str
    seconds: float


class Equivalents:
    """The faults that are known to change nothing: each by module, function, and lines before and after; or all within
    constants that only say how much is done at a time, or kept."""

    def __init__(self, file: Path) -> None:
        listed = tomllib.loads(file.read_text()) if file.exists() else {}
        self.faults = {
            (each["module"], each.get("within", ""), each["before"], each["after"]): each["reason"]
            for each in listed.get("mutant", [])
        }
        self.constants = {
            (each["module"], name): each["reason"] for each in listed.get("amount", []) for name in each["constants"]
        }

    def knows(self, mutant: Mutant, source: bytes) -> bool:
        within, lines = mutant.mutation.within, mutant.mutation.changed(source)
        if (mutant.module, within) in self.constants:
            return True
        return any((mutant.module, name, *lines) in self.faults for name in ("", within))


class Worker:
    """A copy of the tree, in which one fault at a time is tried; its tests use the PostgreSQL at `database`."""

    def __init__(self, tree: Path, database: str, root: Path = ROOT, *, quick: bool = False) -> None:
        self._tree = tree
        for name in _files(root):
            target = self._tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target)
        self._marks = "not postgres" if quick else ""
        self._moment = int(time.time())
        self._paths = [str(path) for path in (self._tree / "src", self._tree, ROOT)]
        self._environment = {"PYTHONPATH": os.pathsep.join(self._paths), "TEST_DATABASE_URL": database}

    def read(self, module: str) -> bytes:
        return (self._tree / SOURCE / module).read_bytes()

    def write(self, module: str, source: bytes) -> None:
        """Each version has a time of its own, by which Python knows that what it compiled before is out of date."""
        path = self._tree / SOURCE / module
        path.write_bytes(source)
        self._moment += 2
        os.utime(path, (self._moment, self._moment))

    def run(self, tests: Sequence[str], limit: float = RUN_LIMIT, *, failed: bool = False) -> str:
        """Whether the tests notice something within `limit` seconds; `failed`: those that did so the last time."""
        which = ["--last-failed", "--last-failed-no-failures=all"] if failed else ["--cache-clear"]
        options = ["-x", "-q", "--no-header", "--tb=line", "-p", "tools.mutants_order", "-o", f"timeout={TEST_LIMIT}"]
        arguments = [*options, "-m", self._marks, *which, *(f"tests/{test}" for test in tests)]
        process = FORKED.Process(target=pytest_in, args=(self._tree, self._paths, self._environment, arguments))
        process.start()
        group = process.pid
        assert group is not None
        process.join(limit)
        if process.exitcode is None:
            with suppress(ProcessLookupError):  # it has no group of its own yet
                os.killpg(group, signal.SIGKILL)  # pytest's own limit of time has not helped
            process.kill()
            process.join()
            return HUNG
        status = process.exitcode
        return SURVIVED if status in (0, 5) else CAUGHT  # 5: all tests need PostgreSQL

    def try_out(self, mutant: Mutant, tests: Sequence[str], limit: float = RUN_LIMIT) -> Outcome:
        source, started, verdict = self.read(mutant.module), time.monotonic(), SURVIVED
        for _ in range(ATTEMPTS):
            self.write(mutant.module, mutant.mutation.apply(source))
            try:
                verdict = self.run(tests, limit)
            finally:
                self.write(mutant.module, source)
            if verdict == SURVIVED or self.run(tests, limit, failed=True) == SURVIVED:
                break
            verdict = UNCLEAR
        return Outcome(mutant, verdict, time.monotonic() - started)


def modules(root: Path) -> list[str]:
    """The modules below `SOURCE` into which faults are put."""
    folder = root / SOURCE
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.py"))
    return [name for name in names if name.startswith(SUBJECTS) and not name.startswith(LEFT_OUT)]


def choose(root: Path, wanted: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """`count` faults in what is wanted, one of each part of the text: the same ones for the same seed."""
    found = [Mutant(name, each) for name in modules(root) for each in mutations((root / SOURCE / name).read_bytes())]
    sites = [each for each in found if each.name in wanted or each.module.startswith(tuple(wanted))]
    count, picker = min(count, len(sites)), random.Random(seed)
    parts = [sites[part * len(sites) // count : (part + 1) * len(sites) // count] for part in range(count)]
    chosen = [picker.choice(part) for part in parts]
    picker.shuffle(chosen)  # so that a run that is broken off tells something of all modules
    return chosen


def tests_for(module: str, table: dict[str, list[str]]) -> list[str]:
    """The tests of the longest name in the table that the module begins with."""
    return table[max((name for name in table if module.startswith(name)), key=len)]


def table_of(outcomes: Sequence[Outcome]) -> Table:
    """What became of the faults, by package."""
    verdicts = (CAUGHT, HUNG, SURVIVED, UNCLEAR, EQUIVALENT)
    counts: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        package = outcome.mutant.module.rpartition("/")[0]
        counts.setdefault(package, Counter())[outcome.verdict] += 1
    table = Table("package", *verdicts, "noticed", title="Faults put into the code")
    total = sum(counts.values(), Counter())
    for name, each in [*sorted(counts.items()), ("all", total)]:
        table.add_row(name, *(str(each[verdict]) for verdict in verdicts), f"{noticed(each):.0%}", end_section=False)
    return table


def noticed(counts: Counter[str]) -> float:
    """The part that is noticed, of those that can be."""
    found = counts[CAUGHT] + counts[HUNG]
    able = found + counts[SURVIVED] + counts[UNCLEAR]
    return found / able if able else 1.0


def _files(root: Path) -> list[str]:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listed, cwd=root, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name and (root / name).is_file()]


def survey(mutants: Sequence[Mutant], workers: Sequence[Worker], console: Console) -> list[Outcome]:
    """Tries every fault out, on all workers at once."""
    table: dict[str, list[str]] = tomllib.loads((ROOT / "tests/mutants.toml").read_text())["tests"]
    known = Equivalents(ROOT / "tests/mutants_equivalent.toml")
    free: queue.Queue[Worker] = queue.Queue()
    for worker in workers:
        free.put(worker)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(len(workers)) as pool:
        task = progress.add_task("with a fault", total=len(mutants))

        def attempt(mutant: Mutant) -> Outcome:
            worker = free.get()
            try:
                if known.knows(mutant, worker.read(mutant.module)):
                    outcome = Outcome(mutant, EQUIVALENT, 0.0)
                else:
                    outcome = worker.try_out(mutant, tests_for(mutant.module, table))
                if outcome.verdict in (SURVIVED, UNCLEAR):
                    console.print(f"{outcome.verdict} after {outcome.seconds:.0f} s:")
                    console.print(escape(mutant.mutation.diff(worker.read(mutant.module), mutant.name)), soft_wrap=True)
                elif not console.is_terminal:  # a log shows no bar
                    console.print(f"{outcome.verdict} after {outcome.seconds:.0f} s: {mutant.name}", soft_wrap=True)
                return outcome
            finally:
                free.put(worker)
                progress.advance(task)

        return list(pool.map(attempt, mutants))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=SUBJECTS, metavar="MODULE")
    parser.add_argument("--count", type=int, default=100, help="how many faults (100)")
    parser.add_argument("--seed", type=int, default=1, help="another one chooses other faults (1)")
    parser.add_argument("--workers", type=int, default=1, help="how many are tried at once (1)")
    parser.add_argument("--quick", action="store_true", help="on SQLite only")
    given = parser.parse_args()
    console = Console()
    mutants = choose(ROOT, given.modules, given.count, given.seed)
    if not mutants:
        parser.error(f"There is nothing to change in {' or '.join(given.modules)}.")
    folder = Path(tempfile.mkdtemp(prefix="flagkeeper-mutants-"))
    folder.chmod(0o755)  # PostgreSQL runs under another account when this one is root
    database = PostgresServer(folder / "postgresql", FAST)
    try:
        trees = [folder / f"tree-{number}" for number in range(given.workers)]
        workers = [Worker(tree, database.url, quick=given.quick) for tree in trees]
        outcomes = survey(mutants, workers, console)
    finally:
        database.stop()
        shutil.rmtree(folder)
    console.print(table_of(outcomes))
    part = noticed(Counter(outcome.verdict for outcome in outcomes))
    sys.exit(0 if part >= ENOUGH else f"{part:.0%} were noticed; {ENOUGH:.0%} have to be.")


if __name__ == "__main__":
    main()
