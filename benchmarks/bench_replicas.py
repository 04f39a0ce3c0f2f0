"""Several servers on one PostgreSQL: what they do together beside one alone, and how soon one shows another's change.

    python benchmarks/bench_replicas.py [--seconds 10] [--rounds 3]

Sixteen connections, spread over the servers, switch the same 64 flags at random. In each round every arrangement of
servers is measured once, beginning with another one, and is compared with the one server of the same round: the table
has the medians. PostgreSQL syncs to disk.

Servers, PostgreSQL and the load share the cores of one machine. On two cores the servers together can therefore do no
more than one alone, which leaves none of them idle: what is shown is what they cost each other. What the load itself
takes is said below the table.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from bench_delivery import FLAGS, OFF, ON, Receiver, integration, latency, remove
from measured_server import ADMIN, BACKEND, Measured, postgresql
from rich.console import Console
from rich.table import Table

SAME_FLAGS = 64
PREFIX = "switched-"
LOOKS = 100
"""Changes whose way to the SDKs is timed, for each server."""


class Arrangement(NamedTuple):
    """So many servers, of which the first `busy` ones are loaded."""

    servers: int
    busy: int

    def __str__(self) -> str:
        idle = self.servers - self.busy
        return f"{self.busy} busy, {idle} idle" if idle else f"{self.servers} server{'s' * (self.servers > 1)}"


ALONE, WITH_IDLE = Arrangement(1, 1), Arrangement(2, 1)
GOALS = {ALONE: "-", WITH_IDLE: ">= 0.95", Arrangement(2, 2): ">= 0.90", Arrangement(3, 3): ">= 0.80"}
MOST_MILLISECONDS = 500


class Round(NamedTuple):
    """What one arrangement did once."""

    per_second: float
    refused: int
    slowest: float
    p99: float
    deadlocks: int
    load: float
    """Cores that the load took."""


@contextmanager
def servers(url: str, folder: Path, number: int) -> Iterator[list[Measured]]:
    with ExitStack() as stack:
        started = []
        for _ in range(number):
            server = Measured(url, folder)
            stack.callback(server.stop)
            started.append(server)
        time.sleep(1)
        yield started


def switch(loaded: list[Measured], seconds: float, seed: int) -> dict[str, Any]:
    ports = ",".join(str(server.port) for server in loaded)
    program = str(Path(__file__).parent / "switches.py")
    options = ("--token", ADMIN, "--prefix", PREFIX, "--flags", str(SAME_FLAGS), "--seed", str(seed))
    done = subprocess.run(
        [sys.executable, program, "--ports", ports, "--seconds", str(seconds), *options],
        capture_output=True,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def deadlocks(url: str) -> int:
    """So many since the database was made. (Connections report theirs when they end, if not before.)"""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert row is not None
    return int(row[0])


def measure(url: str, folder: Path, arrangement: Arrangement, seconds: float, seed: int) -> Round:
    before = deadlocks(url)
    with servers(url, folder, arrangement.servers) as started:
        loaded = started[: arrangement.busy]
        switch(loaded, 1, seed)
        done = switch(loaded, seconds, seed)
    refused = sum(count for status, count in done["statuses"].items() if not 200 <= int(status) < 300)
    served = done["requests"] - refused
    found = deadlocks(url) - before
    return Round(served / done["seconds"], refused, done["max"], done["p99"], found, done["cpu"] / done["seconds"])


def create_flags(server: Measured) -> None:
    for number in range(SAME_FLAGS):
        status, answer, _ = server.call("POST", FLAGS, {"name": f"{PREFIX}{number}"})
        if status not in (201, 409):
            sys.exit(answer.decode())


def seen_after(changed: Measured, polled: Measured) -> tuple[float, float]:
    """Median and p99 of the milliseconds from the answer to a change until a poll of an SDK shows it."""
    writing, reading = changed.connection(), polled.connection()
    flag = f"seen-{time.time_ns()}"
    changed.call("POST", FLAGS, {"name": flag}, via=writing)
    waits: list[float] = []
    for number in range(LOOKS):
        wanted = number % 2 == 0
        path = f"{FLAGS}/{flag}/environments/development/{'on' if wanted else 'off'}"
        status, answer, _ = changed.call("POST", path, {}, via=writing)
        if status != 200:
            sys.exit(answer.decode())
        began = time.perf_counter()
        while True:
            status, answer, _ = polled.call("GET", f"/api/client/features/{flag}", token=BACKEND, via=reading)
            if status == 200 and json.loads(answer)["enabled"] is wanted:
                break
            if time.perf_counter() - began > 30:
                sys.exit("A change is not seen after 30 s.")
            time.sleep(0.001)
        waits.append((time.perf_counter() - began) * 1000)
    return statistics.median(waits), statistics.quantiles(waits, n=100)[98]


def delivered_after(server: Measured, seconds: float) -> tuple[float, float]:
    """p50 and p95 of the milliseconds from a change until a webhook's receiver has it."""
    receiver = Receiver()
    try:
        own = integration(server, receiver.port, [ON, OFF])
        time.sleep(1)
        found = latency(server, receiver, seconds)
        remove(server, own)
        return found
    finally:
        receiver.stop()


def show_rounds(found: dict[Arrangement, list[Round]]) -> Table:
    table = Table(
        title=f"16 connections switch the same {SAME_FLAGS} flags; one PostgreSQL, {os.cpu_count()} cores for all"
    )
    for heading in ("servers", "toggles/s", "ratio to one", "goal", "refused", "slowest, ms", "p99, ms", "deadlocks"):
        table.add_column(heading, justify="left" if heading == "servers" else "right")
    for arrangement, goal in GOALS.items():
        rounds = found[arrangement]
        ratio = statistics.median(
            each.per_second / alone.per_second for each, alone in zip(rounds, found[ALONE], strict=True)
        )
        table.add_row(
            str(arrangement),
            f"{statistics.median(each.per_second for each in rounds):,.0f}",
            f"{ratio:.2f}",
            goal,
            str(sum(each.refused for each in rounds)),
            f"{max(each.slowest for each in rounds):,.0f}",
            f"{statistics.median(each.p99 for each in rounds):,.0f}",
            str(sum(each.deadlocks for each in rounds)),
        )
    load = statistics.median(each.load for rounds in found.values() for each in rounds)
    table.caption = (
        f"Goals: 0 refused, the slowest of all within {MOST_MILLISECONDS} ms, 0 deadlocks. "
        f"The load took {load:.0%} of a core."
    )
    return table


def show_latencies(rows: list[tuple[str, tuple[float, float], str]]) -> Table:
    table = Table(title="How soon a change arrives, in ms")
    for heading in ("from, to", "p50", "p99 (deliveries: p95)", "goal"):
        table.add_column(heading, justify="left" if heading == "from, to" else "right")
    for name, (middle, late), goal in rows:
        table.add_row(name, f"{middle:,.1f}", f"{late:,.1f}", goal)
    return table


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=10, help="of load per measure")
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    os.environ["UNLEASH_ALLOW_PRIVATE_URL_IN_INTEGRATION"] = "true"
    os.environ["LOG_LEVEL"] = "warning"
    found: dict[Arrangement, list[Round]] = {arrangement: [] for arrangement in GOALS}
    latencies: list[tuple[str, tuple[float, float], str]] = []
    with postgresql() as (url, folder):
        with servers(url, folder, 1) as (alone,):
            create_flags(alone)
            latencies.append(("one server, to a receiver of webhooks", delivered_after(alone, given.seconds), "-"))
        for number in range(given.rounds):
            order = list(GOALS)
            for arrangement in order[number % len(order) :] + order[: number % len(order)]:
                found[arrangement].append(measure(url, folder, arrangement, given.seconds, seed=number))
        with servers(url, folder, 2) as (one, other):
            latencies += [
                ("a server, to SDKs that poll it", seen_after(one, one), "<= 100"),
                ("a server, to SDKs that poll another", seen_after(one, other), "<= 300"),
                ("two servers, to a receiver of webhooks", delivered_after(one, given.seconds), "as with one"),
            ]
    console = Console(width=120)
    console.print(show_rounds(found))
    console.print(show_latencies(latencies))


if __name__ == "__main__":
    main()
