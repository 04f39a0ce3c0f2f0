"""How soon listeners of the live tail learn what happened.

    python benchmarks/bench_tail.py [--listeners 500] [--seconds 5] [--database sqlite|postgresql]

The listeners are one process of their own on the same two cores. Latency is counted from the event's own time, which is
taken just before its commit, to the moment at which a listener has read it; each event counts once for each listener.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime
from typing import Any

from measured_server import ADMIN, Measured, measured
from rich.console import Console
from rich.table import Table

FLAGS = "/api/admin/projects/default/features"
STREAM = "/api/admin/log/stream"
FLAG_COUNT = 50
RATES = (10, 50, 200)
"""Toggles a second that are tried."""

_MESSAGE = re.compile(rb'data: \{"id":(\d+),.*?"createdAt":"([^"]+)"')


async def _listener(port: int, query: str, arrived: list[tuple[float, bytes]], ready: asyncio.Event) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    writer.write(f"GET {STREAM}?q={query} HTTP/1.1\r\nHost: x\r\nAuthorization: {ADMIN}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    ready.set()
    try:
        while content := await reader.read(2**16):
            now = time.time()
            arrived.extend((now, created) for _, created in _MESSAGE.findall(content))
    except asyncio.CancelledError:
        writer.transport.abort()
        raise


async def listen(port: int, listeners: int) -> None:
    """Listens, says so, and tells what arrived each time it is asked for it by a line on standard input."""
    arrived: list[tuple[float, bytes]] = []
    ready = [asyncio.Event() for _ in range(listeners)]
    queries = ("", "type:feature-*", "env:development", "project:default", "-type:segment-*")
    tasks = [
        asyncio.create_task(_listener(port, queries[number % len(queries)], arrived, ready[number]))
        for number in range(listeners)
    ]
    await asyncio.gather(*(each.wait() for each in ready))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while await asyncio.to_thread(sys.stdin.readline):
        found = sorted((at - datetime.fromisoformat(created.decode()).timestamp()) * 1000 for at, created in arrived)
        arrived.clear()
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()
    for task in tasks:
        task.cancel()


class Listeners:
    """The process of the listeners."""

    def __init__(self, server: Measured, number: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--listen", str(server.port), "--listeners", str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def report(self) -> list[float]:
        """Milliseconds, sorted, of everything that arrived since the last report."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: list[float] = json.loads(self._process.stdout.readline())
        return found

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def events(server: Measured) -> int:
    """How many there are."""
    return int(json.loads(server.call("GET", "/api/admin/search/events?limit=1")[1])["total"])


def toggle(server: Measured, rate: float, seconds: float) -> int:
    """Changes flags at a steady rate over one connection. Returns how many events that caused."""
    before = events(server)
    connection = server.connection()
    began, done = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        switch = "off" if done // FLAG_COUNT % 2 else "on"
        path = f"{FLAGS}/bench-{done % FLAG_COUNT}/environments/development/{switch}"
        assert server.call("POST", path, via=connection)[0] == 200
        done += 1
        time.sleep(max(0.0, began + done / rate - time.monotonic()))
    connection.close()
    return events(server) - before


def measure(kind: str, listeners: int, seconds: float) -> dict[str, float]:
    os.environ["FLAGKEEPER_LIVE_TAILS"] = str(10 * listeners)  # one caller gets a tenth of them
    with measured(kind) as server:
        for number in range(FLAG_COUNT):
            server.call("POST", FLAGS, {"name": f"bench-{number}"})
        idle = server.memory()
        there = Listeners(server, listeners)
        results = {"memory before, MB": idle, "memory with listeners, MB": server.memory()}
        try:
            there.report()
            for rate in RATES:
                done = toggle(server, rate, seconds)
                time.sleep(1.5)
                found = there.report()
                name = f"{rate} changes/s"
                results[f"{name}: received of what should be, %"] = 100 * len(found) / (done * listeners)
                for share in (0.5, 0.99):
                    results[f"{name}: p{share * 100:.0f}, ms"] = found[int(share * (len(found) - 1))] if found else 0.0
        finally:
            there.stop()
        return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    parser.add_argument("--listen", type=int, metavar="PORT", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.listen:
        asyncio.run(listen(given.listen, given.listeners))
        return
    kinds = [given.database] if given.database else ["sqlite", "postgresql"]
    results: dict[str, Any] = {kind: measure(kind, given.listeners, given.seconds) for kind in kinds}
    table = Table(title=f"Live tail, {given.listeners} listeners (goal: p99 <= 250 ms)")
    table.add_column("measure")
    for kind in kinds:
        table.add_column(kind, justify="right")
    for name in results[kinds[0]]:
        table.add_row(name, *(f"{results[kind][name]:,.1f}" for kind in kinds))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
