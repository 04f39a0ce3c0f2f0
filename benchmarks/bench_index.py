"""What the index of the log costs those who write, and how soon an event is found.

    python benchmarks/bench_index.py [--seconds 20] [--rate 500] [--database sqlite|postgresql]

A steady rate of toggles runs over 8 connections, with the index and without (a server whose index neither follows nor
writes blocks), three times each in turn; latencies are those of the toggles. In a run of its own another client changes
a flag meanwhile, and searches for the event until it is there: lag is counted from the answer to the change.
"""

import argparse
import json
import statistics
import sys
import threading
import time
from http.client import HTTPConnection
from typing import Any

from measured_server import ADMIN, Measured, measured
from rich.console import Console
from rich.table import Table

FLAGS = "/api/admin/projects/default/features"
WRITERS, FLAGS_EACH, ROUNDS = 8, 25, 3
WITHOUT = """
from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.eventlog.index.maintainer import IndexKeeper
async def nothing(*_args, **_kwargs): pass
start = MemoryRunner.start
MemoryRunner.start = lambda self, **given: nothing() if self.name == "memory-index" else start(self, **given)
IndexKeeper.start = nothing
from flagkeeper.cli import main
main()
"""


class Unindexed(Measured):
    """A server whose index stands still."""

    program = WITHOUT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    given = parser.parse_args()
    table = Table(
        title=f"{given.rate} toggles/s: latency of a toggle, and lag of its event, in ms (medians of {ROUNDS})"
    )
    for heading in ("database", "index", "done/s", "p50", "p99", "lag p50", "lag p99"):
        table.add_column(heading, justify="right")
    for kind in given.database or ["sqlite", "postgresql"]:
        rounds_of = (("on", Measured, False), ("off", Unindexed, False), ("on, searched", Measured, True))
        results: dict[str, list[list[float]]] = {name: [] for name, _, _ in rounds_of}
        for _ in range(ROUNDS):
            for name, server_class, search in rounds_of:
                with measured(kind, server_class) as server:
                    results[name].append(run(server, given.rate, given.seconds, search=search))
        for name, rounds in results.items():
            medians = [statistics.median(each) for each in zip(*rounds, strict=True)]
            table.add_row(kind, name, f"{medians[0]:.0f}", *(f"{each:.1f}" if each else "" for each in medians[1:]))
    Console(width=120).print(table)


def run(server: Measured, rate: int, seconds: float, *, search: bool) -> list[float]:
    for number in range(WRITERS * FLAGS_EACH + 1):
        server.call("POST", FLAGS, {"name": f"flag-{number}"})
    taken: list[list[float]] = [[] for _ in range(WRITERS)]
    lags: list[float] = []
    end = time.perf_counter() + seconds
    threads = [
        threading.Thread(target=write, args=(server, writer, rate / WRITERS, end, taken[writer]))
        for writer in range(WRITERS)
    ]
    if search:
        threads.append(threading.Thread(target=probe, args=(server, end, lags)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    latencies = sorted(each for writer in taken for each in writer)
    lags.sort()
    return [
        len(latencies) / seconds,
        *(latencies[int(len(latencies) * share)] for share in (0.5, 0.99)),
        *(lags[int(len(lags) * share)] if lags else 0 for share in (0.5, 0.99)),
    ]


def write(server: Measured, writer: int, rate: float, end: float, taken: list[float]) -> None:
    via, turn = server.connection(), 0
    due = time.perf_counter()
    while (now := time.perf_counter()) < end:
        if due > now:
            time.sleep(due - now)
        due += 1 / rate
        toggle(server, via, f"flag-{writer * FLAGS_EACH + turn % FLAGS_EACH}", on=turn // FLAGS_EACH % 2 == 0)
        taken.append((time.perf_counter() - max(now, due - 1 / rate)) * 1000)
        turn += 1


def probe(server: Measured, end: float, lags: list[float]) -> None:
    via, turn, seen = server.connection(), 0, 0
    flag = f"flag-{WRITERS * FLAGS_EACH}"
    while time.perf_counter() < end:
        toggle(server, via, flag, on=turn % 2 == 0)
        began = time.perf_counter()
        while (newest := newest_of(server, via, flag)) <= seen:
            pass
        lags.append((time.perf_counter() - began) * 1000)
        turn, seen = turn + 1, newest
        time.sleep(0.05)


def newest_of(server: Measured, via: HTTPConnection, flag: str) -> int:
    _, body, _ = server.call("GET", f"/api/admin/search/events?feature=IS:{flag}&limit=1", via=via)
    found: list[Any] = json.loads(body)["events"]
    return int(found[0]["id"])


def toggle(server: Measured, via: HTTPConnection, flag: str, *, on: bool) -> None:
    path = f"{FLAGS}/{flag}/environments/development/{'on' if on else 'off'}"
    status, body, _ = server.call("POST", path, token=ADMIN, via=via)
    if status != 200:
        sys.exit(f"{path}: {status} {body.decode()}")


if __name__ == "__main__":
    main()
