"""How soon and how fast events reach receivers of webhooks, with and without a dead receiver beside.

    python benchmarks/bench_delivery.py [--events 10000] [--seconds 5] [--database sqlite|postgresql]

The receiver is a process of its own on the same two cores. Latency is counted from the event's own time, which is taken
just before its commit, to the moment at which the receiver has read the request.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection
from typing import Any, ClassVar

from measured_server import ADMIN, Measured, measured
from rich.console import Console
from rich.table import Table

FLAGS = "/api/admin/projects/default/features"
ADDONS = "/api/admin/addons"
ON, OFF = "feature-environment-enabled", "feature-environment-disabled"
GOALS = {
    "commit to first attempt, p50, ms": "<= 50",
    "commit to first attempt, p95, ms": "<= 250",
    "the same with a dead receiver, p50, ms": "<= 50",
    "the same with a dead receiver, p95, ms": "<= 250",
    "backlog, deliveries per s": ">= 1500",
    "backlog with a dead receiver, deliveries per s": ">= 1500",
    "deliveries per s while flags are toggled": "-",
    "toggles per s meanwhile": "-",
}
UNLEASH = {"commit to first attempt, p50, ms": "400-1,400"}

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Receiving(asyncio.Protocol):
    """Reads as little of a request as it can, and remembers when the first of each event came."""

    arrived: ClassVar[list[tuple[float, bytes]]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            at = self.buffer.lower().find(b"content-length: ", 0, end)
            length = int(self.buffer[at + 16 : self.buffer.find(b"\r\n", at)]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            request, self.buffer = self.buffer[: end + 4 + length], self.buffer[end + 4 + length :]
            if request.startswith(b"GET"):
                self.transport.write(self.report())
                continue
            self.arrived.append((time.time(), request[end + 4 : end + 204]))
            self.transport.write(OK)

    def report(self) -> bytes:
        """Everything that came since the last report."""
        found = []
        for at, body in self.arrived:
            created = re.search(rb'"createdAt":"([^"]+)"', body)
            found.append((at, created[1].decode() if created else ""))
        self.arrived.clear()
        body = json.dumps(found).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def receive() -> None:
    """The receiver's process: prints its port, and lives until its input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Receiving, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


class Receiver:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--receive"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.seen = 0

    def report(self) -> list[tuple[float, str]]:
        """When requests came, and when their events happened: those since the last report."""
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/")
        found: list[tuple[float, str]] = json.loads(connection.getresponse().read())
        connection.close()
        self.seen += len(found)
        return found

    def wait(self, number: int) -> list[tuple[float, str]]:
        """So many requests."""
        found: list[tuple[float, str]] = []
        deadline = time.monotonic() + 60
        while len(found) < number:
            if time.monotonic() > deadline:
                sys.exit(f"{len(found)} of {number} deliveries arrived")
            time.sleep(0.1)
            found += self.report()
        return found

    def settle(self) -> None:
        """Until nothing comes any more."""
        time.sleep(0.5)
        while self.report():
            time.sleep(0.5)

    def stop(self) -> None:
        self._process.communicate()


@contextmanager
def dead_receiver() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    import socket

    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        yield listening.getsockname()[1]


def integration(server: Measured, port: int, events: list[str]) -> int:
    body = {
        "provider": "webhook",
        "enabled": True,
        "parameters": {"url": f"http://127.0.0.1:{port}/hook", "signingSecret": "whsec_" + "A" * 43 + "="},
        "events": events,
    }
    status, answer, _ = server.call("POST", ADDONS, body)
    if status != 201:
        sys.exit(answer.decode())
    return int(json.loads(answer)["id"])


def remove(server: Measured, integration_id: int) -> None:
    server.call("DELETE", f"{ADDONS}/{integration_id}")


def latency(server: Measured, receiver: Receiver, seconds: float) -> tuple[float, float]:
    """p50 and p95 in milliseconds at some 50 changes a second."""
    receiver.settle()
    via = server.connection()
    flag = f"slow-{time.time_ns()}"
    server.call("POST", FLAGS, {"name": flag}, via=via)
    path = f"{FLAGS}/{flag}/environments/development"
    sent, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        answer = server.call("POST", f"{path}/{'off' if sent % 2 else 'on'}", {}, via=via)
        if answer[0] != 200:
            sys.exit(answer[1].decode())
        sent += 1
        time.sleep(0.02)
    waits = [(at - datetime.fromisoformat(created).timestamp()) * 1000 for at, created in receiver.wait(sent)]
    return statistics.median(waits), statistics.quantiles(waits, n=20)[18]


def backlog(server: Measured, receiver: Receiver, integration_id: int, number: int) -> float:
    """Deliveries per second of a replay."""
    receiver.report()
    path = f"{ADDONS}/{integration_id}/deliveries/replay"
    status, answer, _ = server.call("POST", path, {"states": ["done"]})
    replayed = json.loads(answer)["replayed"]
    if status != 202 or replayed < number:
        sys.exit(answer.decode())
    arrived = sorted(at for at, _ in receiver.wait(replayed))
    # The replay itself takes a moment, during which the first ones go out: only what comes after it counts.
    middle = arrived[len(arrived) // 5 :]
    return (len(middle) - 1) / (middle[-1] - middle[0])


def while_toggling(server: Measured, receiver: Receiver, seconds: float) -> tuple[float, float]:
    """Deliveries per second while 16 connections toggle, and toggles per second."""
    receiver.report()
    done = server.wrk(FLAGS, mode="toggle", token=ADMIN, prefix="t", flags=64, seconds=seconds)
    arrived = receiver.report()
    receiver.settle()
    return len(arrived) / done["seconds"], done["per_second"]


def create_flags(server: Measured) -> None:
    for i in range(1, 65):
        server.call("POST", FLAGS, {"name": f"t{i}"})


def measure(server: Measured, receiver: Receiver, events: int, seconds: float) -> dict[str, float]:
    found: dict[str, float] = {}
    create_flags(server)
    mine = integration(server, receiver.port, [ON, OFF])
    time.sleep(1)
    names = list(GOALS)
    found[names[0]], found[names[1]] = latency(server, receiver, seconds)
    found[names[6]], found[names[7]] = while_toggling(server, receiver, seconds)
    have = receiver.seen
    while have < events:
        server.wrk(FLAGS, mode="toggle", token=ADMIN, prefix="t", flags=64, seconds=2)
        receiver.settle()
        have = receiver.seen
    found[names[4]] = backlog(server, receiver, mine, events)
    with dead_receiver() as port:
        dead = integration(server, port, [ON, OFF])
        time.sleep(0.5)
        found[names[2]], found[names[3]] = latency(server, receiver, seconds)
        found[names[5]] = backlog(server, receiver, mine, events)
        remove(server, dead)
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--events", type=int, default=10_000, help="in the backlog")
    arguments.add_argument("--seconds", type=float, default=5, help="of load per measure")
    arguments.add_argument("--database", choices=("sqlite", "postgresql"), help="default: both")
    arguments.add_argument("--receive", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.receive:
        asyncio.run(receive())
        return
    os.environ["UNLEASH_ALLOW_PRIVATE_URL_IN_INTEGRATION"] = "true"
    os.environ["LOG_LEVEL"] = "warning"
    kinds = [given.database] if given.database else ["sqlite", "postgresql"]
    found: dict[str, dict[str, float]] = {}
    for kind in kinds:
        receiver = Receiver()
        with measured(kind) as server:
            found[kind] = measure(server, receiver, given.events, given.seconds)
        receiver.stop()
    table = Table(title="Deliveries of webhooks, signed; the receiver shares the 2 cores")
    for heading in ("measure", *kinds, "goal", "Unleash 8.2"):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    for name, goal in GOALS.items():
        table.add_row(name, *(f"{found[kind][name]:,.1f}" for kind in kinds), goal, UNLEASH.get(name, "-"))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
