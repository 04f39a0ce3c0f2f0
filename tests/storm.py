"""A storm: clients change flags through the real server while it is killed again and again, and then the books are
checked: what was acknowledged is there, and the state is what the log says."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from sqlalchemy import select

from flagkeeper.eventlog.follow import Wants, after
from flagkeeper.eventlog.read import LogEvent
from flagkeeper.features.flags.tables import feature_environments, features
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction
from tests.server import ADMIN, PASSWORD

CLIENTS = 8
FLAGS = "/api/admin/projects/default/features"


class Process:
    """`flagkeeper serve` as a process of its own, which can be killed and started again.

    Args:
        database_url: what it runs on.
        folder: where its log is written.
        descriptors: how many files and sockets it may have open.
        settings: more of its environment.
    """

    def __init__(self, database_url: str, folder: Path, *, descriptors: int | None = None, **settings: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._log = folder / "server.log"
        self._environment = {
            **os.environ,
            "FLAGKEEPER_DATABASE_URL": database_url,
            "PORT": str(self.port),
            "HTTP_HOST": "127.0.0.1",
            "INIT_ADMIN_API_TOKENS": ADMIN,
            "UNLEASH_DEFAULT_ADMIN_PASSWORD": PASSWORD,
            **settings,
        }
        limit = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({descriptors}, {descriptors})); "
        code = (limit if descriptors else "") + "from flagkeeper.cli import main; main()"
        self.command = [sys.executable, "-c", code]

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.command, "serve"],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while True:
            with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
                try:
                    connection.request("GET", "/health")
                    connection.getresponse().read()
                except OSError:
                    assert self._process.poll() is None, self._log.read_text()
                    assert time.monotonic() < deadline, "the server does not start"
                    time.sleep(0.01)
                else:
                    return

    @property
    def pid(self) -> int:
        return self._process.pid

    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)


class Storm:
    """Clients, each with flags of its own, so that each knows what its flags must look like."""

    def __init__(self, database_url: str, folder: Path, seed: int) -> None:
        self._database = parse_database_url(database_url)
        self._process = Process(database_url, folder)
        self._random = random.Random(seed)
        self._stopping = threading.Event()
        self.acknowledged: list[tuple[str, str]] = []
        """Pairs of event type and flag, in the order in which each client heard of them."""
        self.unexpected: list[str] = []

    def rage(self, kills: int) -> None:
        """Starts the server, kills it `kills` times at random moments under load, and ends it politely."""
        self._process.start()
        clients = [threading.Thread(target=self._client, args=(i,), daemon=True) for i in range(CLIENTS)]
        for client in clients:
            client.start()
        for _ in range(kills):
            time.sleep(self._random.uniform(0.05, 0.6))
            self._process.kill()
            self._process.start()
        time.sleep(0.3)
        self._stopping.set()
        for client in clients:
            client.join(60)
            assert not client.is_alive(), "a request hangs"
        assert self._process.stop() == 0

    def _client(self, number: int) -> None:
        with closing(HTTPConnection("127.0.0.1", self._process.port, timeout=30)) as connection:
            self._change_flags(connection, number)

    def _change_flags(self, connection: HTTPConnection, number: int) -> None:
        choose = random.Random(number)
        mine: list[str] = []
        on: dict[str, bool] = {}
        while not self._stopping.is_set():
            if len(mine) < 3 or choose.random() < 0.1:
                flag, kind = f"c{number}-{time.monotonic_ns()}", "feature-created"
                path, body = FLAGS, {"name": flag}
            else:
                flag = choose.choice(mine)
                kind = f"feature-environment-{'disabled' if on.get(flag) else 'enabled'}"
                path, body = f"{FLAGS}/{flag}/environments/development/{'off' if on.get(flag) else 'on'}", {}
            try:
                connection.request("POST", path, json.dumps(body), headers(ADMIN))
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, HTTPException):
                # The server died. Whether the change was made is unknown; nothing was promised for this flag any more.
                connection.close()
                if flag in mine:
                    mine.remove(flag)
                time.sleep(0.02)
                continue
            if answer.status >= 300:
                self.unexpected.append(f"{answer.status} {text[:200]!r}")
                continue
            self.acknowledged.append((kind, flag))
            if kind == "feature-created":
                mine.append(flag)
            else:
                on[flag] = not on.get(flag)

    def check(self) -> int:
        """Compares what was promised, the log and the state. The number of events.

        Raises:
            AssertionError: they disagree.
        """
        reader = Reader(self._database)
        log = reader.now(_whole_log)
        created, enabled = reader.now(_state)
        reader.stop()

        assert not self.unexpected, self.unexpected[:3]
        assert [event.id for event in log] == list(range(1, len(log) + 1))
        happened = [(event.type, event.feature_name) for event in log]
        for promised in set(self.acknowledged):
            assert happened.count(promised) >= self.acknowledged.count(promised), f"{promised} was lost"
        assert created == {event.feature_name for event in log if event.type == "feature-created"}
        told: dict[tuple[str, str], bool] = {}
        for event in log:
            if event.type.startswith("feature-environment-") and event.feature_name and event.environment:
                told[event.feature_name, event.environment] = event.type.endswith("enabled")
        assert enabled == {place for place, on in told.items() if on}
        return len(log)


def headers(token: str) -> dict[str, str]:
    return {"Authorization": token, "Content-Type": "application/json"}


_FLAGS = Query[Any](select(features.c.name), lambda name: name)
_ENABLED = Query[Any](
    select(feature_environments.c.feature_name, feature_environments.c.environment).where(
        feature_environments.c.enabled.is_(True)
    ),
    lambda flag, environment: (flag, environment),
)


def _state(tx: Transaction) -> tuple[set[str], set[tuple[str, str]]]:
    return set(tx.all(_FLAGS)), set(tx.all(_ENABLED))


def _whole_log(tx: Transaction) -> list[LogEvent]:
    found: list[LogEvent] = []
    while batch := after(tx, found[-1].id if found else 0, Wants()):
        found.extend(batch)
    return found
