"""Start, memory, changes and deliveries to SDKs, beside Unleash 8.2's figures and our goals.

    make bench            (or: python benchmarks/bench_foundation.py [--seconds 3] [--rounds 3])

Each figure is the median of the rounds. Unleash's were measured on another day on a machine of the same size, so read
ratios, not digits.
"""

import argparse
import gzip
import json
import statistics
import threading
import time
from typing import Any

from measured_server import ADMIN, BACKEND, Measured, measured
from rich.console import Console
from rich.table import Table

FLAGS = "/api/admin/projects/default/features"
CLIENT = "/api/client/features"

KINDS = ("sqlite", "postgresql")

UNLEASH = {
    "cold start, s": 5.6,
    "memory when idle, MB": 170,
    "flag creates, per s": 95,
    "toggles, per s": 141,
    "client features, per s": 225,
    "client features gzip, per s": 167,
    "client features 304, per s": 1182,
}
GOALS = {
    "cold start, s": ("<= 2", "<= 2"),
    "memory when idle, MB": ("<= 120", "<= 120"),
    "flag creates, per s": (">= 1500", ">= 700"),
    "toggles, per s": (">= 1500", ">= 700"),
    "client features, per s": (">= 3000", ">= 3000"),
    "client features gzip, per s": (">= 8000", ">= 8000"),
    "client features 304, per s": (">= 12000", ">= 12000"),
    "GET p99 while writers saturate, ms": ("<= 15", "<= 15"),
    "longest wait of a change during a bulk change of 5000 flags, ms": ("<= 250", "<= 250"),
}


def measure(server: Measured, rounds: int, seconds: float) -> dict[str, float]:
    """All figures of one server."""
    found: dict[str, float] = {}
    time.sleep(1)
    server.stop()
    found["cold start, s"] = server.start()
    time.sleep(2)
    found["memory when idle, MB"] = server.memory()
    fill(server, 1000)
    found |= deliveries(server, rounds, seconds)
    found |= changes(server, rounds, seconds)
    found["GET p99 while writers saturate, ms"] = read_while_writing(server, seconds)
    found["longest wait of a change during a bulk change of 5000 flags, ms"] = wait_during_bulk(server)
    return found


def fill(server: Measured, flags: int) -> None:
    """As many flags, each with a rollout, a fifth with a constraint and a tenth with variants, switched on."""
    names = list(range(flags))
    lock = threading.Lock()

    def work() -> None:
        via = server.connection()
        while True:
            with lock:
                if not names:
                    return
                i = names.pop()
            demand(server.call("POST", FLAGS, {"name": f"served-{i}", "description": f"served flag {i}"}, via=via))
            path = f"{FLAGS}/served-{i}/environments/development"
            demand(server.call("POST", f"{path}/strategies", strategy(i), via=via))
            demand(server.call("POST", f"{path}/on", {}, via=via))

    together([work] * 8)


def strategy(i: int) -> dict[str, Any]:
    constraint = {"contextName": "userId", "operator": "IN", "values": [str(i + j) for j in range(5)]}
    variants = [{"name": name, "weight": 500, "weightType": "variable", "stickiness": "default"} for name in "ab"]
    return {
        "name": "flexibleRollout",
        "parameters": {"rollout": str(i * 7 % 101), "stickiness": "default", "groupId": f"served-{i}"},
        "constraints": [constraint] if i % 5 == 0 else [],
        "variants": variants if i % 10 == 0 else [],
    }


def deliveries(server: Measured, rounds: int, seconds: float) -> dict[str, float]:
    while True:
        status, body, headers = server.call("GET", CLIENT, token=BACKEND)
        if status == 200 and len(json.loads(body)["features"]) >= 1000:
            break
        time.sleep(0.1)
    loads: dict[str, dict[str, str]] = {
        "client features, per s": {},
        "client features gzip, per s": {"encoding": "gzip"},
        "client features 304, per s": {"etag": headers["etag"]},
    }
    packed = len(gzip.compress(body))
    Console(stderr=True).print(f"1,000 flags are {len(body):,} bytes, about {packed:,} packed")
    return {name: median(server, CLIENT, rounds, seconds, token=BACKEND, **load) for name, load in loads.items()}


def changes(server: Measured, rounds: int, seconds: float) -> dict[str, float]:
    run = str(time.time_ns())
    creates = [
        load(server, FLAGS, seconds, mode="create", token=ADMIN, prefix=f"c{run}-{i}-")["per_second"]
        for i in range(rounds)
    ]
    together([lambda i=i: demand(server.call("POST", FLAGS, {"name": f"t{run}-{i}"})) for i in range(1, 65)])
    toggles = [
        load(server, FLAGS, seconds, mode="toggle", token=ADMIN, prefix=f"t{run}-", flags=64)["per_second"]
        for i in range(rounds)
    ]
    return {"flag creates, per s": statistics.median(creates), "toggles, per s": statistics.median(toggles)}


def read_while_writing(server: Measured, seconds: float) -> float:
    """The slowest hundredth of `GET /api/client/features/{name}` while 16 connections toggle as fast as they can."""
    run = f"w{time.time_ns()}-"
    together([lambda i=i: demand(server.call("POST", FLAGS, {"name": f"{run}{i}"})) for i in range(1, 65)])
    waits: list[float] = []
    stop = threading.Event()

    def read() -> None:
        via = server.connection()
        while not stop.is_set():
            began = time.perf_counter()
            demand(server.call("GET", f"{CLIENT}/served-1", token=BACKEND, via=via))
            waits.append((time.perf_counter() - began) * 1000)
            time.sleep(0.005)

    reader = threading.Thread(target=read)
    reader.start()
    load(server, FLAGS, seconds, mode="toggle", token=ADMIN, prefix=run, flags=64)
    stop.set()
    reader.join()
    return statistics.quantiles(waits, n=100)[98]


def wait_during_bulk(server: Measured) -> float:
    """The longest toggle of another flag while 5,000 flags are marked stale in one request."""
    have = len(json.loads(server.call("GET", FLAGS)[1])["features"])
    run = f"b{time.time_ns()}-"
    names = [f"{run}{i}" for i in range(5000)]
    Console(stderr=True).print(f"{have:,} flags exist; creating 5,000 for the bulk change")
    parts = [names[i::8] for i in range(8)]

    def create(part: list[str]) -> None:
        via = server.connection()
        for name in part:
            demand(server.call("POST", FLAGS, {"name": name}, via=via))

    together([lambda part=part: create(part) for part in parts])
    waits: list[float] = []
    stop = threading.Event()

    def toggle() -> None:
        via, on = server.connection(), False
        while not stop.is_set():
            on = not on
            began = time.perf_counter()
            path = f"{FLAGS}/served-1/environments/production/{'on' if on else 'off'}"
            demand(server.call("POST", path, {}, via=via))
            waits.append((time.perf_counter() - began) * 1000)

    other = threading.Thread(target=toggle)
    other.start()
    time.sleep(0.3)
    for start in range(0, len(names), 1000):  # so many a request takes
        body = {"features": names[start : start + 1000], "stale": True}
        demand(server.call("POST", "/api/admin/projects/default/stale", body))
    stop.set()
    other.join()
    return max(waits)


def median(server: Measured, path: str, rounds: int, seconds: float, **what: Any) -> float:
    return statistics.median(load(server, path, seconds, **what)["per_second"] for _ in range(rounds))


def load(server: Measured, path: str, seconds: float, **what: Any) -> dict[str, Any]:
    result = server.wrk(path, seconds=seconds, **what)
    if result["wrong"]:
        raise SystemExit(f"{result['wrong']} of {result['requests']} answers were errors: {path} {what}")
    return result


def demand(answer: tuple[int, bytes, dict[str, str]]) -> None:
    if answer[0] >= 300:
        raise SystemExit(f"{answer[0]}: {answer[1][:300]!r}")


def together(work: list[Any]) -> None:
    """Runs all of `work`, eight at a time."""
    waiting, lock = list(work), threading.Lock()

    def run() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                each = waiting.pop()
            each()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=3, help="of load per round")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--on", choices=KINDS, action="append", help="only this database")
    given = arguments.parse_args()
    found: dict[str, dict[str, float]] = {}
    for kind in given.on or KINDS:
        with measured(kind) as server:
            found[kind] = measure(server, given.rounds, given.seconds)
    table = Table(title="Flagkeeper, 16 connections, 2 cores shared with the load")
    for heading in ("measure", "SQLite", "PostgreSQL", "goals", "Unleash 8.2"):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    for name, goals in GOALS.items():
        figures = [f"{found[kind][name]:,.1f}" if kind in found else "-" for kind in KINDS]
        goal = goals[0] if goals[0] == goals[1] else " / ".join(goals)
        table.add_row(name, *figures, goal, f"{UNLEASH[name]:,}" if name in UNLEASH else "-")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
