"""Several servers, each a process, on one PostgreSQL of their own: all of them can be stopped, killed and started."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from math import inf
from pathlib import Path
from typing import Any

import psycopg

from tests.postgres_server import FAST, PostgresServer
from tests.server import BACKEND
from tests.storm import Process

DAY = 86_400
"""Seconds."""
_PROGRAM = Path(__file__).parent / "replica.py"


class Replica(Process):
    """One server. `ahead`: seconds by which its clock is wrong."""

    def __init__(self, name: str, database_url: str, folder: Path, archive: Path, ahead: int = 0) -> None:
        super().__init__(database_url, folder)
        self.name = name
        self.up_since = inf
        """By this process' monotonic clock; infinite while it does not run."""
        self._log = folder / f"{name}.log"
        self._command = [sys.executable, "-P", str(_PROGRAM)]
        self._environment |= {
            "INIT_BACKEND_API_TOKENS": BACKEND,
            "UNLEASH_URL": "http://flagkeeper.test",
            "UNLEASH_ALLOW_PRIVATE_URL_IN_INTEGRATION": "true",
            "FLAGKEEPER_TRUSTED_PROXIES": "127.0.0.0/8",
            "FLAGKEEPER_RETRY_SCALE": "0.001",
            "FLAGKEEPER_ARCHIVE": str(archive),
            "LOG_LEVEL": "warning",
            "STORM_SECONDS_AHEAD": str(ahead),
            **{f"UNLEASH_{name}_LIMIT": "1000000" for name in ("FEATURE_FLAGS", "SEGMENTS", "API_TOKENS")},
        }

    @property
    def running(self) -> bool:
        return self.up_since < inf

    def start(self) -> None:
        super().start()
        self.up_since = time.monotonic()

    def kill(self) -> None:
        self.up_since = inf
        super().kill()

    def stop(self) -> int:
        self.up_since = inf
        return super().stop()

    def sleep(self) -> None:
        """It stops where it is, whatever it holds."""
        self.up_since = inf
        self._process.send_signal(signal.SIGSTOP)

    def sleep_while_it_writes(self, database_url: str) -> None:
        """It stops while it holds the lock of the log. It alone is to be writing, all the time."""
        deadline = time.monotonic() + 60
        with psycopg.connect(database_url, autocommit=True) as connection:
            while True:
                self.sleep()
                if all(_is_locked(connection) for _ in range(10)):
                    return
                self.wake()
                assert time.monotonic() < deadline, "it was never found writing"
                time.sleep(random.uniform(0.0, 0.01))

    def wake(self) -> None:
        self._process.send_signal(signal.SIGCONT)
        self.up_since = time.monotonic()

    def end(self) -> None:
        """Whatever state it is in."""
        if hasattr(self, "_process"):
            self.kill()

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """A command of the command line, beside the server."""
        return subprocess.run(
            [*self._command, *arguments],
            env=self._environment | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def said(self) -> str:
        """What it logged, the last of it."""
        return self._log.read_text()[-4_000:] if self._log.exists() else ""

    def ready(self) -> str:
        """Empty when it is; else what it complains of."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/ready")
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, HTTPException) as error:
            return f"{self.name}: {type(error).__name__}: {error}"
        finally:
            connection.close()
        return "" if answer.status == 200 else f"{self.name}: {text}"


class Replicas:
    """Three servers, the last of which is a day ahead, and their PostgreSQL. `with` starts and ends them."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self._folder = folder
        self._settings = dict.fromkeys(FAST, "on") if durable else FAST
        self._postgres = PostgresServer(folder, self._settings)
        self.url = self._postgres.url
        self.archive = folder / "archive"
        self.database_since = time.monotonic()
        """When the database came back last; infinite while it is away."""
        self.servers = [
            self.another("first"),
            self.another("second"),
            self.another("day-ahead", ahead=DAY),
        ]

    def another(self, name: str, ahead: int = 0) -> Replica:
        """One that does not run yet."""
        return Replica(name, self.url, self._folder, self.archive, ahead)

    def __enter__(self) -> "Replicas":
        try:
            self.servers[0].start()
            with ThreadPoolExecutor() as pool:
                list(pool.map(Replica.start, self.servers[1:]))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        for server in self.servers:
            server.end()
        self._postgres.stop()

    def running(self) -> list[Replica]:
        return [server for server in self.servers if server.running]

    def any(self, choose: random.Random) -> Replica:
        """One of those that run, as a load balancer would choose."""
        while not (running := self.running()):
            time.sleep(0.01)
        return choose.choice(running)

    def restart_database(self) -> None:
        self.database_since = inf
        self._postgres.stop(keep=True)
        self._postgres = PostgresServer(self._folder, self._settings, port=self._postgres.port)
        self.database_since = time.monotonic()

    def not_ready(self, seconds: float) -> list[str]:
        """What those that run complain of, after so many seconds at most."""
        return until_none(lambda: [said for server in self.running() if (said := server.ready())], seconds)


def _is_locked(connection: "psycopg.Connection[Any]") -> bool:
    """Whether somebody writes the log."""
    time.sleep(0.02)
    try:
        connection.execute("SELECT FROM log_head FOR UPDATE NOWAIT")
    except psycopg.errors.LockNotAvailable:
        return True
    return False


def until_none(complaints: Callable[[], Sequence[str]], seconds: float) -> list[str]:
    """Looks until there is nothing to complain of: what is left after so many seconds."""
    deadline = time.monotonic() + seconds
    while found := complaints():
        if time.monotonic() > deadline:
            return list(found)
        time.sleep(0.05)
    return []
