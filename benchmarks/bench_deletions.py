"""What it costs somebody else that a large project is deleted, or an environment that many projects use.

    python benchmarks/bench_deletions.py [--flags 2000] [--projects 100] [--database sqlite|postgresql]

Another client switches a flag of the default project on and off all the time; shown is how long its longest request
took meanwhile, beside how long one takes when nobody deletes anything.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.hostile import Honest
from tests.postgres_server import FAST, PostgresServer
from tests.server import ADMIN
from tests.storm import Process

ALONE = 3.0
"""Seconds for which the client is measured when nobody deletes anything."""
AT_ONCE = 500
FLAGS_OF_PROJECT = 10


class Deletion(NamedTuple):
    """How long it took, and how long each toggle of the other client took meanwhile, and before. Seconds."""

    what: str
    seconds: float
    beside: list[float]
    alone: list[float]


class Admin:
    def __init__(self, process: Process) -> None:
        self._connection = HTTPConnection("127.0.0.1", process.port, timeout=600)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": ADMIN, "Content-Type": "application/json"}
        self._connection.request(method, f"/api/admin/{path}", json.dumps(body) if body is not None else None, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status < 300, (method, path, answer.status, text[:300])
        return json.loads(text) if text else None

    def close(self) -> None:
        self._connection.close()


def fill_project(admin: Admin, flags: int) -> str:
    """A project whose flags are all in the archive, as they must be. Returns what deletes it."""
    admin.ask("POST", "projects", {"id": "large", "name": "Large"})
    names = [f"large-{number:05}" for number in range(flags)]
    for name in names:
        admin.ask("POST", "projects/large/features", {"name": name})
    for first in range(0, flags, AT_ONCE):
        admin.ask("POST", "projects/large/archive", {"features": names[first : first + AT_ONCE]})
    return "projects/large"


def fill_environment(admin: Admin, projects: int) -> str:
    """An environment that many projects have, with flags that are on there. Returns what deletes it."""
    admin.ask("POST", "environments", {"name": "staging", "type": "preproduction"})
    for number in range(projects):
        project = f"small-{number:03}"
        places = ["development", "staging"]
        admin.ask("POST", "projects", {"id": project, "name": project, "environments": places})
        for flag in range(FLAGS_OF_PROJECT):
            name = f"{project}-{flag}"
            admin.ask("POST", f"projects/{project}/features", {"name": name})
            admin.ask("POST", f"projects/{project}/features/{name}/environments/staging/on")
    return "environments/staging?force=true"


@contextmanager
def server(kind: str) -> Iterator[Process]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        postgres = PostgresServer(folder / "postgres", FAST) if kind == "postgresql" else None
        process = Process(postgres.url if postgres else f"sqlite:///{folder}/deletions.db", folder)
        process.start()
        try:
            yield process
        finally:
            process.kill()
            if postgres:
                postgres.stop()


def measure(process: Process, admin: Admin, what: str, path: str) -> Deletion:
    with Honest(process, warm=50, flag=f"other-{time.time_ns()}") as honest:
        time.sleep(ALONE)
        alone, honest.seconds = honest.seconds, []
        began = time.perf_counter()
        admin.ask("DELETE", path)
        took, beside = time.perf_counter() - began, list(honest.seconds)
    return Deletion(what, took, beside, alone)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--flags", type=int, default=2_000)
    arguments.add_argument("--projects", type=int, default=100)
    arguments.add_argument("--database", choices=("sqlite", "postgresql"))
    given = arguments.parse_args()
    head = ("deleted", "took, s", "toggles beside", "p50, ms", "longest, ms", "longest alone, ms")
    for database in [given.database] if given.database else ["sqlite", "postgresql"]:
        table = Table(*head, title=database)
        with server(database) as process, closing(Admin(process)) as admin:
            for what, path in (
                (f"a project of {given.flags} flags", fill_project(admin, given.flags)),
                (f"an environment of {given.projects} projects", fill_environment(admin, given.projects)),
            ):
                found = measure(process, admin, what, path)
                p50 = statistics.median(found.beside) * 1000
                longest, alone = max(found.beside) * 1000, max(found.alone) * 1000
                counted = str(len(found.beside))
                table.add_row(what, f"{found.seconds:.1f}", counted, f"{p50:.1f}", f"{longest:.0f}", f"{alone:.0f}")
        Console(width=120).print(table)


if __name__ == "__main__":
    main()
