"""The SDK side: flags evaluated for others (the frontend API and OFREP, each request for somebody else), reports and
registrations, beside Unleash 8.2's figures, our goals, and a bare ASGI application that sends the same bytes.

    python benchmarks/bench_sdk.py [--seconds 3] [--rounds 3] [--instructions]
    python benchmarks/bench_sdk.py --workers 2

Each figure is the median of the rounds; ours and the bare one's rounds take turns. With `--instructions`, callgrind
counts those of a request (valgrind; a minute or two): they repeat within 1 %, whatever else the machine does. With
`--workers`, servers of one and of so many processes take turns, with 1,000 flags on PostgreSQL.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench_foundation import fill
from bench_instructions import Counted, cost
from measured_server import BACKEND, FRONTEND, Measured, measured
from rich.console import Console
from rich.table import Table

GET = "/api/frontend"
OFREP = "/ofrep/v1/evaluate/flags"
METRICS = "/api/client/metrics"
REGISTER = "/api/client/register"
UNLEASH = {"frontend, 1,000 flags": 258, "metrics of 50 flags": 260, "registrations": 1_097}
GOALS = {
    "metrics of 50 flags": 2_500,
    "registrations": 8_000,
    "frontend, 100 flags": 6_000,
    "OFREP, 100 flags": 6_000,
    "frontend, 1,000 flags": 1_300,
    "OFREP, 1,000 flags": 1_300,
}
COUNTED = 120
"""Requests of which instructions are counted."""


class Bare(Measured):
    """A bare application on a port of its own; `wrk` loads it."""

    def __init__(self, body: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        script = str(Path(__file__).with_name("bare.py"))
        self.process = subprocess.Popen([sys.executable, script, str(self.port), str(body)])
        while True:
            try:
                self.call("GET", "/")
            except OSError:
                time.sleep(0.01)
            else:
                return


@contextmanager
def bare(body: bytes, folder: Path) -> Iterator[Bare]:
    path = folder / "body.json"
    path.write_bytes(body)
    server = Bare(path)
    try:
        yield server
    finally:
        server.stop()


def ask(server: Measured, mode: str, i: int, via: Any = None) -> bytes:
    """What one user is answered."""
    if mode == "frontend":
        status, body, _ = server.call("GET", f"{GET}?appName=web&userId=u{i}", token=FRONTEND, via=via)
    else:
        context = {"appName": "web", "targetingKey": f"u{i}"}
        status, body, _ = server.call("POST", OFREP, {"context": context}, token=FRONTEND, via=via)
    assert status == 200, body
    return body


def ready(server: Measured, flags: int) -> None:
    """Waits until all flags can be asked for."""
    while len(json.loads(ask(server, "ofrep", 0))["flags"]) < flags:
        time.sleep(0.1)


def measure(server: Measured, mode: str, rounds: int, seconds: float, folder: Path) -> dict[str, float]:
    """Requests per second, ours and the bare application's, with the slowest hundredth of ours."""
    path = GET if mode == "frontend" else OFREP
    ours: list[dict[str, Any]] = []
    least: list[float] = []
    # Answers differ by a few bytes: the one of this user stands for all.
    with bare(ask(server, mode, 1), folder) as other:
        for _ in range(rounds):
            ours.append(server.wrk(path, seconds=seconds, token=FRONTEND, mode=mode))
            least.append(other.wrk(path, seconds=seconds, token=FRONTEND, mode=mode)["per_second"])
    if wrong := sum(each["wrong"] for each in ours):
        sys.exit(f"{wrong} answers were errors")
    return {
        "per second": statistics.median(each["per_second"] for each in ours),
        "p99": statistics.median(each["p99"] for each in ours),
        "bare": statistics.median(least),
    }


def report(server: Measured, rounds: int, seconds: float) -> Iterator[tuple[str, dict[str, float]]]:
    """Requests per second that only bring something. The bare application answers nothing, too."""
    for name, path, mode in (("metrics of 50 flags", METRICS, "metrics"), ("registrations", REGISTER, "register")):
        ours, least = [], []
        with bare(b"", server.folder) as other:
            for _ in range(rounds):
                ours.append(server.wrk(path, seconds=seconds, token=BACKEND, mode=mode))
                least.append(other.wrk(path, seconds=seconds, token=BACKEND, mode=mode)["per_second"])
        if wrong := sum(each["wrong"] for each in ours):
            sys.exit(f"{wrong} answers were errors")
        yield (
            name,
            {
                "per second": statistics.median(each["per_second"] for each in ours),
                "p99": statistics.median(each["p99"] for each in ours),
                "bare": statistics.median(least),
            },
        )


class Several(Measured):
    """A server of several processes."""

    workers = 2

    def command(self) -> list[str]:
        return [*super().command(), "--workers", str(self.workers)]


def compare(workers: int, rounds: int, seconds: float) -> Table:
    """What so many processes serve beside one; wrk has to share their cores."""
    table = Table(title=f"One process, and {workers}, with 1,000 flags")
    for each in ("", "one, per second", f"{workers}, per second", "ratio", "goal"):
        table.add_column(each, justify="left" if not each else "right")
    Several.workers = workers
    with measured("postgresql") as one, measured("postgresql", Several) as several:
        for server in (one, several):
            fill(server, 1_000)
            ready(server, 1_000)
        for name, path, token, mode in (
            ("frontend", GET, FRONTEND, "frontend"),
            ("OFREP", OFREP, FRONTEND, "ofrep"),
            ("all flags for a server", "/api/client/features", BACKEND, "get"),
        ):
            pairs = [
                [each.wrk(path, seconds=seconds, token=token, mode=mode)["per_second"] for each in (one, several)]
                for _ in range(rounds)
            ]
            alone, together = (statistics.median(each) for each in zip(*pairs, strict=True))
            table.add_row(name, f"{alone:,.0f}", f"{together:,.0f}", f"{together / alone:.2f}", ">= 1.6")
    return table


def count(server: Counted, mode: str) -> float:
    """Thousands of instructions of a request."""
    via = server.connection()
    asked: Callable[[int], None] = lambda i: void(ask(server, mode, i, via))  # noqa: E731
    return cost(server, asked, COUNTED)


def void(_: object) -> None:
    """What an answer is good for here."""


def shown(row: str, found: dict[str, float]) -> list[str]:
    return [
        f"{found['per second']:,.0f}",
        f"{found['p99']:.1f}",
        f"{found['bare']:,.0f}",
        f"{found['per second'] / found['bare']:.2f}",
        f">= {GOALS[row]:,}",
        f"{UNLEASH[row]:,}" if row in UNLEASH else "-",
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=3)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--instructions", action="store_true")
    arguments.add_argument("--workers", type=int, default=0)
    given = arguments.parse_args()
    if given.workers:
        Console(file=sys.stdout, width=120).print(compare(given.workers, given.rounds, given.seconds))
        return
    kind = Counted if given.instructions else Measured
    table = Table(title="Instructions of a request" if given.instructions else "Evaluated for others, 16 connections")
    columns = (
        ("", "thousands of instructions")
        if given.instructions
        else ("", "per second", "p99, ms", "bare ASGI", "ratio", "goal", "Unleash 8.2")
    )
    for each in columns:
        table.add_column(each, justify="left" if not each else "right")
    for flags in (100, 1_000):
        with measured("sqlite", kind) as server:
            fill(server, flags)
            ready(server, flags)
            for mode, name in (("frontend", "frontend"), ("ofrep", "OFREP")):
                row = f"{name}, {flags:,} flags"
                if isinstance(server, Counted):
                    table.add_row(row, f"{count(server, mode):,.0f}")
                    continue
                found = measure(server, mode, given.rounds, given.seconds, server.folder)
                table.add_row(row, *shown(row, found))
            if not given.instructions and flags == 100:
                for row, found in report(server, given.rounds, given.seconds):
                    table.add_row(row, *shown(row, found))
    Console(file=sys.stdout, width=120).print(table)


if __name__ == "__main__":
    main()
