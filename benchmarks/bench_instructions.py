"""Instructions that the server spends on a change, and on an SDK that polls, counted by callgrind.

    python benchmarks/bench_instructions.py [--changes 160] [--on sqlite]

For machines where seconds say nothing: on two shared cores the same code came out at 862 and at 1,132 toggles per
second. Instructions repeat within 1 %, whatever else the machine does. Needs valgrind; some three minutes per database.
"""

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench_foundation import CLIENT, FLAGS, KINDS, demand
from measured_server import BACKEND, Measured, measured
from rich.console import Console
from rich.table import Table

WARM = 32
POLLS = 1_000


class Counted(Measured):
    """A server under callgrind."""

    def command(self) -> list[str]:
        self.counts = self.folder / "callgrind.out"
        return ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={self.counts}", *super().command()]

    def count(self) -> int:
        """Instructions since the last count."""
        dumps = len(self._dumps())
        subprocess.run(["callgrind_control", "-d", str(self.process.pid)], check=True, capture_output=True)
        while len(self._dumps()) == dumps or (total := _total(self._dumps()[-1])) is None:
            time.sleep(0.1)
        return total

    def _dumps(self) -> list[Path]:
        return sorted(self.folder.glob(f"{self.counts.name}.*"), key=lambda path: int(path.suffix[1:]))


def _total(dump: Path) -> int | None:
    found = re.search(r"^totals: (\d+)", dump.read_text(), re.MULTILINE)
    return int(found[1]) if found else None


def cost(server: Counted, change: Callable[[int], None], changes: int) -> float:
    """Thousands of instructions for one change, without what the server does by itself meanwhile."""
    for i in range(-WARM, 0):
        change(i)
    server.count()
    began = time.monotonic()
    for i in range(changes):
        change(i)
    spent, took = server.count(), time.monotonic() - began
    time.sleep(took)
    return (spent - server.count()) / changes / 1000


def measure(server: Counted, changes: int) -> dict[str, float]:
    via = server.connection()
    # It is made at the start, and would be counted with the first changes where the machine is slow.
    demand(server.call("GET", "/docs/openapi.json", via=via))

    def create(i: int) -> None:
        demand(server.call("POST", FLAGS, {"name": f"flag-{i + WARM}"}, via=via))

    def toggle(i: int) -> None:
        switch = "on" if (i + WARM) // 8 % 2 == 0 else "off"
        path = f"{FLAGS}/flag-{i % 8}/environments/development/{switch}"
        demand(server.call("POST", path, {}, via=via))

    def poll(_: int) -> None:
        via.request("GET", CLIENT, headers={"Authorization": BACKEND, "If-None-Match": etag})
        answer = via.getresponse()
        answer.read()
        if answer.status != 304:
            sys.exit(f"{answer.status} in place of 304")

    found = {"flag create": cost(server, create, changes), "toggle": cost(server, toggle, changes)}
    etag = server.call("GET", CLIENT, token=BACKEND, via=via)[2]["etag"]
    return found | {"poll of an SDK, 304": cost(server, poll, POLLS)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--changes", type=int, default=160)
    arguments.add_argument("--on", choices=KINDS, action="append", help="only this database")
    given = arguments.parse_args()
    table = Table("thousands of instructions", title="Instructions per request, one connection")
    found = {}
    for kind in given.on or KINDS:
        with measured(kind, Counted) as server:
            found[kind] = measure(server, given.changes)
        table.add_column(kind, justify="right")
    for name in next(iter(found.values())):
        table.add_row(name, *(f"{each[name]:,.0f}" for each in found.values()))
    Console(file=sys.stdout).print(table)


if __name__ == "__main__":
    main()
