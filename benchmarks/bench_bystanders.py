"""What one slow, one huge and one malicious client cost all others: the p99 of somebody who switches a flag.

    python benchmarks/bench_bystanders.py [--rounds 5] [--seconds 4] [--database sqlite|postgresql]

Rounds with nobody else and rounds with each of them alternate, so that what else the machine does meets all alike. The
clients are processes that leave the processor to the server, for clients have machines of their own. Where others use
the machine, the clock says little; the last column is the longest that the event loop was busy in one go, of the
processor's time: so long everybody waits for one of these clients.
"""

import argparse
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.hostile import ATTACKS, Honest, send
from tests.postgres_server import FAST, PostgresServer
from tests.server import ADMIN, BACKEND
from tests.storm import FLAGS, Process

VALUES = [f"customer-{number:05}-{'x' * 80}" for number in range(1_000)]
HUGE = json.dumps({"name": "huge", "constraints": [{"contextName": "userId", "operator": "IN", "values": VALUES}]})
ASKED = ("/api/admin/log/export", "/api/admin/segments", "/api/admin/log/events?limit=1000", FLAGS)
LISTED = ("/internal-backstage/prometheus", "/docs/openapi.json", "/api/client/features")


def slow(port: int) -> None:
    """Begins ten requests at a byte in a tenth of a second, and reads a long answer just as fast."""
    head = f"GET /api/admin/log/export HTTP/1.1\r\nHost: x\r\nAuthorization: {ADMIN}\r\n\r\n".encode()
    reader = socket.create_connection(("127.0.0.1", port))
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    reader.sendall(head)
    writers = [socket.create_connection(("127.0.0.1", port)) for _ in range(10)]
    for number in range(1_000_000):
        for writer in writers:
            try:
                writer.sendall(head[number % len(head) :][:1])
            except OSError:
                writers[writers.index(writer)] = socket.create_connection(("127.0.0.1", port))
        reader.recv(1)
        time.sleep(0.1)


def huge(port: int) -> None:
    """Writes the largest segments, and reads the longest answers, one after the other."""
    headers = {"Authorization": ADMIN, "Content-Type": "application/json"}
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for number in range(1_000_000):
            method, path = ("POST", "/api/admin/segments") if number % 4 == 0 and number < 400 else ("GET", "")
            path = path or (*ASKED, *LISTED)[number % 7]
            token = BACKEND if path.startswith("/api/client") else ADMIN
            body = HUGE.replace("huge", f"huge-{os.getpid()}-{number}") if method == "POST" else None
            connection.request(method, path, body, {**headers, "Authorization": token})
            connection.getresponse().read()


def malicious(port: int) -> None:
    """All that `tests/hostile.py` knows, again and again."""
    while True:
        for attack in ATTACKS:
            send(port, attack)


KINDS: dict[str, Callable[[int], None] | None] = {"nobody": None, "slow": slow, "huge": huge, "malicious": malicious}


def _as_client(kind: str, port: int, ready: Event) -> None:
    os.nice(19)
    ready.set()
    run = KINDS[kind]
    assert run is not None
    run(port)


class Round(NamedTuple):
    """How long toggles took beside a client, and how long the event loop was busy in one go."""

    toggles: list[float]
    busy: list[float]
    """Milliseconds."""


def measure(process: Process, beats: Path, kind: str, seconds: float) -> Round:
    context = get_context("spawn")
    ready = context.Event()
    client = context.Process(target=_as_client, args=(kind, process.port, ready), daemon=True)
    with Honest(process, warm=20, flag=f"{kind}-{time.time_ns()}") as honest:
        if KINDS[kind] is not None:
            client.start()
            assert ready.wait(60)
        time.sleep(0.5)
        honest.seconds.clear()
        beats.write_text("")
        time.sleep(seconds)
        found = Round(list(honest.seconds), [float(each) for each in beats.read_text().split()])
    if client.pid:
        client.kill()
        client.join()
    return found


@contextmanager
def server(kind: str) -> Iterator[tuple[Process, Path]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        postgres = PostgresServer(folder / "postgres", FAST) if kind == "postgresql" else None
        process = Process(
            postgres.url if postgres else f"sqlite:///{folder}/bystanders.db",
            folder,
            INIT_BACKEND_API_TOKENS=BACKEND,
            BEATS=str(folder / "beats"),
        )
        process.command = [sys.executable, str(Path(__file__).with_name("beating_server.py"))]
        process.start()
        try:
            yield process, folder / "beats"
        finally:
            process.kill()
            if postgres:
                postgres.stop()


def p99(seconds: list[float]) -> float:
    """In milliseconds."""
    return statistics.quantiles(seconds, n=100)[98] * 1000


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=4)
    arguments.add_argument("--database", choices=("sqlite", "postgresql"))
    given = arguments.parse_args()
    for database in [given.database] if given.database else ["sqlite", "postgresql"]:
        table = Table("beside", "toggles", "p50, ms", "p99, ms", "more, ms", "busy at most, ms", title=database)
        found: dict[str, list[Round]] = {kind: [] for kind in KINDS}
        with server(database) as (process, beats):
            for _ in range(given.rounds):
                for kind in KINDS:
                    found[kind].append(measure(process, beats, kind, given.seconds))
        alone = statistics.median(p99(each.toggles) for each in found["nobody"])
        for kind, rounds in found.items():
            every = [seconds for each in rounds for seconds in each.toggles]
            at = statistics.median(p99(each.toggles) for each in rounds)
            more = "" if kind == "nobody" else f"{at - alone:+.1f}"
            busy = max((each for some in rounds for each in some.busy), default=0)
            p50 = statistics.median(every) * 1000
            table.add_row(kind, str(len(every)), f"{p50:.1f}", f"{at:.1f}", more, f"{busy:.1f}")
        Console().print(table)


if __name__ == "__main__":
    main()
