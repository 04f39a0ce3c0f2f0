"""SDKs that listen: what thousands of idle streams cost in memory, and how long a change takes to reach all of them.
Then the memory of a server that holds many flags in three environments.

    python benchmarks/bench_streams.py [--streams 5000] [--changes 20] [--flags 5000]

The streams come from this process, over several addresses of the loopback network.
"""

import argparse
import asyncio
import resource
import statistics
import sys
import time
from collections.abc import Sequence

from bench_foundation import FLAGS, demand, fill
from measured_server import BACKEND, Measured, measured
from rich.console import Console
from rich.table import Table

AT_ONCE = 100
"""Streams that are opened at the same time."""
PER_ADDRESS = 500
PROJECT = "/api/admin/projects/default"
ENVIRONMENTS = ("production", "staging")
"""Beside `development`."""


class Stream(asyncio.Protocol):
    """Counts messages that tell of a change; nothing is read but their kinds."""

    def __init__(self, request: bytes) -> None:
        self.begun = asyncio.Event()
        self.told: list[float] = []
        self._request = request

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if b"event: unleash-connected" in data:
            self.begun.set()
        if b"event: unleash-updated" in data:
            self.told.append(time.perf_counter())


async def open_all(server: Measured, number: int) -> list[Stream]:
    request = (
        f"GET /api/client/streaming HTTP/1.1\r\nHost: localhost\r\nAuthorization: {BACKEND}\r\n"
        "Unleash-Client-Spec: 5.2.0\r\n\r\n"
    ).encode()
    loop, places = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)

    async def one(i: int) -> Stream:
        async with places:
            source = (f"127.0.1.{i // PER_ADDRESS + 1}", 0)
            _, stream = await loop.create_connection(
                lambda: Stream(request), "127.0.0.1", server.port, local_addr=source
            )
            await asyncio.wait_for(stream.begun.wait(), 60)
            return stream

    return await asyncio.gather(*(one(i) for i in range(number)))


async def reach(server: Measured, streams: Sequence[Stream], changes: int) -> list[float]:
    """Seconds from the answer to a change until each stream was told of it."""
    found = []
    for change in range(changes):
        path = f"{FLAGS}/served-0/environments/development/{'off' if change % 2 == 0 else 'on'}"
        await asyncio.to_thread(lambda path=path: demand(server.call("POST", path, {})))  # type: ignore[misc]
        answered = time.perf_counter()
        while any(len(stream.told) <= change for stream in streams):
            if time.perf_counter() > answered + 30:
                sys.exit("a change did not reach all streams")
            await asyncio.sleep(0.01)
        found += [max(0.0, stream.told[change] - answered) for stream in streams]
        await asyncio.sleep(1)
    return found


def listen(table: Table, number: int, changes: int) -> None:
    with measured("sqlite") as server:
        fill(server, 100)
        idle = server.memory()

        async def run() -> tuple[float, list[float]]:
            streams = await open_all(server, number)
            await asyncio.sleep(2)
            return server.memory(), await reach(server, streams, changes)

        memory, took = asyncio.run(run())
        table.add_row("server with 100 flags, idle, MB", f"{idle:.0f}", "")
        table.add_row(f"with {number:,} idle streams, MB", f"{memory:.0f}", "<= 400")
        table.add_row("a change reaches a stream, median, ms", f"{statistics.median(took) * 1000:.0f}", "")
        slowest = statistics.quantiles(took, n=100)[-1]
        table.add_row("a change reaches a stream, p99, ms", f"{slowest * 1000:.0f}", "<= 1,000")
        table.add_row("after that, MB", f"{server.memory():.0f}", "")


def hold(table: Table, flags: int) -> None:
    with measured("sqlite") as server:
        fill(server, flags)
        demand(server.call("POST", "/api/admin/environments", {"name": "staging", "type": "test"}))
        demand(server.call("POST", f"{PROJECT}/environments", {"environment": "staging"}))
        for environment in ENVIRONMENTS:
            names = [f"served-{i}" for i in range(flags)]
            for start in range(0, flags, 500):
                path = f"{PROJECT}/bulk_features/environments/{environment}/on"
                demand(server.call("POST", path, {"features": names[start : start + 500]}))
        table.add_row(f"{flags:,} flags in three environments, made here, MB", f"{server.memory():.0f}", "")
        server.stop()
        server.start()
        table.add_row("after a restart, MB", f"{server.memory():.0f}", "<= 250")
        for _ in range(3):
            demand(server.call("GET", "/api/client/features", token=BACKEND))
        table.add_row("asked for by SDKs, MB", f"{server.memory():.0f}", "<= 250")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--streams", type=int, default=5_000)
    arguments.add_argument("--changes", type=int, default=20)
    arguments.add_argument("--flags", type=int, default=5_000)
    given = arguments.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    table = Table("", "measured", "goal", title="SDKs that listen")
    if given.streams:
        listen(table, given.streams, given.changes)
    if given.flags:
        hold(table, given.flags)
    Console(file=sys.stdout, width=100).print(table)


if __name__ == "__main__":
    main()
