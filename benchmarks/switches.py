"""A load of switches, in a process of its own: connections over several servers that switch the same flags at random.

    python benchmarks/switches.py --ports 4242,4243 --seconds 10 [--connections 16] [--flags 64] [--seed 1]

It is asyncio on raw sockets, because it shares the cores with what it loads: an HTTP client of Python would cost as
much as the servers. Each connection sends the next request as soon as it has its answer. The last line of the output is
one JSON object.
"""

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from typing import Any

import uvloop

FLAGS = "/api/admin/projects/default/features"
DRAIN = 30.0
"""Seconds that answers are waited for at the end: one that is slower counts as an error."""


class Load:
    """What all connections share."""

    def __init__(self, token: str, prefix: str, flags: int, seed: int) -> None:
        self._head = f"Host: localhost\r\nAuthorization: {token}\r\nContent-Type: application/json\r\n"
        self._prefix = prefix
        self._on = [False] * flags
        self._random = random.Random(seed)
        self.end = float("inf")
        self.waits: list[float] = []
        self.statuses: Counter[int] = Counter()

    def request(self) -> bytes:
        """Switches one of the flags to what it is not, as far as this load knows."""
        number = self._random.randrange(len(self._on))
        self._on[number] = not self._on[number]
        path = f"{FLAGS}/{self._prefix}{number}/environments/development/{'on' if self._on[number] else 'off'}"
        return f"POST {path} HTTP/1.1\r\n{self._head}Content-Length: 2\r\n\r\n{{}}".encode()

    def answered(self, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        self.waits.append(seconds)


class Switching(asyncio.Protocol):
    """One connection."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self._load.answered(0, time.perf_counter() - self._began)
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self._buffer.lower().find(b"content-length: ", 0, end)
        length = int(self._buffer[at + 16 : self._buffer.find(b"\r\n", at)]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        self._load.answered(int(self._buffer[9:12]), time.perf_counter() - self._began)
        self._buffer = b""
        self._send()

    def _send(self) -> None:
        self._began = time.perf_counter()
        if self._began < self._load.end:
            self._transport.write(self._load.request())
        else:
            self.done.set_result(None)
            self._transport.close()


async def run(load: Load, ports: list[int], connections: int, seconds: float) -> dict[str, Any]:
    """Loads for so long. How many answers came, which, and after how many milliseconds."""
    loop = asyncio.get_running_loop()
    began, worked = time.perf_counter(), time.process_time()
    load.end = began + seconds
    made = [
        await loop.create_connection(lambda: Switching(load), "127.0.0.1", ports[number % len(ports)])
        for number in range(connections)
    ]
    _, hanging = await asyncio.wait([protocol.done for _, protocol in made], timeout=seconds + DRAIN)
    load.statuses[0] += len(hanging)
    waits = sorted(load.waits)
    return {
        "requests": len(waits),
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - worked,
        "statuses": load.statuses,
        "p50": waits[len(waits) // 2] * 1000,
        "p99": waits[len(waits) * 99 // 100] * 1000,
        "max": waits[-1] * 1000,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--ports", required=True, help="of the servers, comma separated")
    arguments.add_argument("--token", required=True)
    arguments.add_argument("--prefix", default="t", help="of the flags' names; numbers from 0 follow")
    arguments.add_argument("--flags", type=int, default=64)
    arguments.add_argument("--connections", type=int, default=16)
    arguments.add_argument("--seconds", type=float, default=10)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    load = Load(given.token, given.prefix, given.flags, given.seed)
    ports = [int(port) for port in given.ports.split(",")]
    print(json.dumps(uvloop.run(run(load, ports, given.connections, given.seconds))))


if __name__ == "__main__":
    main()
