"""Export and import of the log: events a second in each format, and the memory that an export takes.

    python benchmarks/export_import.py [EVENTS] [--file LOG.ndjson]

Imports a log at the command line, exports it over HTTP in each format and at the command line, and imports that export
again, which must give the same bytes. Events are made up unless a file is given. Memory is what the server's own pages
grow by at most while an export runs (files that it maps do not count).
"""

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path

from measured_server import ADMIN, Measured
from rich.console import Console
from rich.table import Table

from tests.event_lines import lines
from tests.postgres_server import FAST, PostgresServer

KINDS = ("sqlite", "postgresql")
FORMATS = ("ndjson", "json", "csv", "parquet")
EXPORT = "/api/admin/log/export"
GOALS = {
    "import, events/s": ">= 20,000",
    "import of the export, events/s": ">= 20,000",
    "export ndjson over HTTP, events/s": ">= 60,000",
    "export ndjson over HTTP, extra MB": "<= 64",
    "export at the command line, events/s": ">= 60,000",
    "the second export is the same": "yes",
}


def measure(kind: str, source: Path, folder: Path) -> dict[str, str]:
    """All figures of one kind of database."""
    events = sum(1 for _ in source.open("rb"))
    found = {}
    with database(kind, folder / "first") as url:
        found["import, events/s"] = per_second(events, flagkeeper(url, "events", "import", "--no-index", str(source)))
        exported = folder / f"{kind}.ndjson"
        seconds = flagkeeper(url, "events", "export", "--output", str(exported))
        found["export at the command line, events/s"] = per_second(events, seconds)
        server = Measured(url, folder / "first")
        try:
            wait_for_index(server)
            for name in FORMATS:
                seconds, megabytes = export(server, name)
                found[f"export {name} over HTTP, events/s"] = per_second(events, seconds)
                found[f"export {name} over HTTP, extra MB"] = f"{megabytes:,.0f}"
        finally:
            server.stop()
    with database(kind, folder / "second") as url:
        found["import of the export, events/s"] = per_second(
            events, flagkeeper(url, "events", "import", "--no-index", str(exported))
        )
        again = folder / f"{kind}-again.ndjson"
        flagkeeper(url, "events", "export", "--output", str(again))
        found["the second export is the same"] = "yes" if filecmp.cmp(exported, again, shallow=False) else "NO"
    return found


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of a new database, which vanishes afterwards. PostgreSQL syncs to disk."""
    folder.mkdir()
    folder.chmod(0o755)
    postgres = PostgresServer(folder / "postgresql", dict.fromkeys(FAST, "on")) if kind == "postgresql" else None
    try:
        yield postgres.url if postgres else f"sqlite:///{folder}/flagkeeper.db"
    finally:
        if postgres:
            postgres.stop()
        shutil.rmtree(folder)


def flagkeeper(url: str, *arguments: str) -> float:
    """Runs a command; the seconds that it took, its start included."""
    command = [sys.executable, "-c", "from flagkeeper.cli import main; main()", *arguments]
    began = time.perf_counter()
    subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def wait_for_index(server: Measured) -> None:
    while server.call("GET", f"{EXPORT}?q=type:none")[0] != 200:
        time.sleep(0.5)
    time.sleep(2)


def export(server: Measured, name: str) -> tuple[float, float]:
    """Seconds, and megabytes of memory at most beyond those before."""
    before, most, done = own_pages(server), 0.0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.01):
            most = max(most, own_pages(server))

    watching = threading.Thread(target=watch)
    watching.start()
    began = time.perf_counter()
    connection = HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request("GET", f"{EXPORT}?format={name}", headers={"Authorization": ADMIN})
    response = connection.getresponse()
    while response.read(1_000_000):
        pass
    connection.close()
    seconds = time.perf_counter() - began
    done.set()
    watching.join()
    if response.status != 200:
        sys.exit(f"the export failed with status {response.status}")
    return seconds, max(0.0, most - before)


def own_pages(server: Measured) -> float:
    """Resident megabytes that are no part of a file."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def per_second(events: int, seconds: float) -> str:
    return f"{events / seconds:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("events", nargs="?", type=int, default=100_000)
    parser.add_argument("--file", type=Path, help="a log to import instead of made-up events")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="flagkeeper-bench-"))
    folder.chmod(0o755)
    source = folder / "source.ndjson"
    with source.open("wb") as file:
        file.writelines(islice(given.file.open("rb"), given.events) if given.file else lines(given.events))
    try:
        found = {kind: measure(kind, source, folder) for kind in KINDS}
    finally:
        shutil.rmtree(folder)
    table = Table(title=f"Export and import of {given.events:,} events", title_justify="left")
    for name in ("measure", *KINDS, "goal"):
        table.add_column(name, justify="left" if name == "measure" else "right")
    for name in found[KINDS[0]]:
        table.add_row(name, *(found[kind][name] for kind in KINDS), GOALS.get(name, ""))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
