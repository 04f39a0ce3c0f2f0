"""What one slow, one huge and one malicious client cost all others: the p99 of somebody who switches a flag.

    python benchmarks/bench_bystanders.py [--rounds 5] [--seconds 4] [--database sqlite|postgresql]

Rounds with nobody else and rounds with each of them alternate, so that what else the machine does meets all alike. The
clients are processes that leave the processor to the server, for clients have machines of their own.
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
from pathlib import Path

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


def _as_client(kind: str, port: int) -> None:
    os.nice(19)
    run = KINDS[kind]
    assert run is not None
    run(port)


def measure(process: Process, kind: str, seconds: float) -> list[float]:
    """How long toggles took beside a client of this kind."""
    client = get_context("spawn").Process(target=_as_client, args=(kind, process.port), daemon=True)
    with Honest(process, warm=20, flag=f"{kind}-{time.time_ns()}") as honest:
        if KINDS[kind] is not None:
            client.start()
        time.sleep(seconds / 4)
        honest.seconds.clear()
        time.sleep(seconds)
        found = list(honest.seconds)
    if client.pid:
        client.kill()
        client.join()
    return found


@contextmanager
def server(kind: str) -> Iterator[Process]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        postgres = PostgresServer(folder / "postgres", FAST) if kind == "postgresql" else None
        process = Process(
            postgres.url if postgres else f"sqlite:///{folder}/bystanders.db", folder, INIT_BACKEND_API_TOKENS=BACKEND
        )
        process.start()
        try:
            yield process
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
        table = Table(
            "beside", "toggles", "p50, ms", "p99, ms", "more than beside nobody, ms (goal < 20)", title=database
        )
        found: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
        with server(database) as process:
            for _ in range(given.rounds):
                for kind in KINDS:
                    found[kind].append(measure(process, kind, given.seconds))
        alone = statistics.median(map(p99, found["nobody"]))
        for kind, rounds in found.items():
            every = [seconds for each in rounds for seconds in each]
            at = statistics.median(map(p99, rounds))
            more = "" if kind == "nobody" else f"{at - alone:+.1f}"
            table.add_row(kind, str(len(every)), f"{statistics.median(every) * 1000:.1f}", f"{at:.1f}", more)
        Console().print(table)


if __name__ == "__main__":
    main()
