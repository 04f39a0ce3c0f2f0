"""A server to be measured: `flagkeeper serve` in a process of its own, on a fresh SQLite or PostgreSQL database."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.postgres_server import FAST, PostgresServer

ADMIN = "*:*.benchmark-admin"
BACKEND = "*:development.benchmark-backend"
FRONTEND = "*:development.benchmark-frontend"


class Measured:
    """A running server. `wrk` loads it, `call` speaks to it."""

    program = "from flagkeeper.cli import main; main()"

    def __init__(self, database_url: str, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.folder = folder
        self._environment = {
            **os.environ,
            "FLAGKEEPER_DATABASE_URL": database_url,
            "PORT": str(self.port),
            "HTTP_HOST": "127.0.0.1",
            "INIT_ADMIN_API_TOKENS": ADMIN,
            "INIT_BACKEND_API_TOKENS": BACKEND,
            "INIT_FRONTEND_API_TOKENS": FRONTEND,
            "UNLEASH_DEFAULT_ADMIN_PASSWORD": "Correct-horse-1",
            "UNLEASH_FEATURE_FLAGS_LIMIT": "1000000",
            # As where it is installed: the second start finds its modules compiled.
            "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        self.start()

    def command(self) -> list[str]:
        return [sys.executable, "-c", self.program, "serve"]

    def start(self) -> float:
        """Seconds from the command to the first healthy answer."""
        began = time.perf_counter()
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        while True:
            try:
                if self.call("GET", "/health")[0] == 200:
                    return time.perf_counter() - began
            except OSError:
                if self.process.poll() is not None:
                    sys.exit((self.folder / "server.log").read_text())
                time.sleep(0.005)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def memory(self) -> float:
        """Resident megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=60)

    def call(
        self, method: str, path: str, body: Any = None, token: str = ADMIN, via: HTTPConnection | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        """`body` is written as JSON, unless it is that already."""
        connection = via or self.connection()
        text = body if body is None or isinstance(body, bytes) else json.dumps(body)
        headers = {"Authorization": token, **({"Content-Type": "application/json"} if body is not None else {})}
        connection.request(method, path, text, headers)
        response = connection.getresponse()
        answer = (response.status, response.read(), {name.lower(): value for name, value in response.getheaders()})
        if via is None:
            connection.close()
        return answer

    def wrk(self, path: str, *, connections: int = 16, seconds: float = 3, **load: Any) -> dict[str, Any]:
        """Loads `path` from one thread of wrk; what `load.lua` prints, plus requests per second."""
        environment = {**os.environ, **{f"LOAD_{name.upper()}": str(value) for name, value in load.items()}}
        script = str(Path(__file__).parent / "load.lua")
        address = f"http://127.0.0.1:{self.port}{path}"
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{round(seconds)}s", "--timeout", "30s", "-s", script, address],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        result["per_second"] = result["requests"] / result["seconds"]
        return result


@contextmanager
def measured(kind: str, server_class: type[Measured] = Measured) -> Iterator[Measured]:
    """A server on a new database of `kind`, both of which vanish afterwards. PostgreSQL syncs to disk."""
    if shutil.which("wrk") is None:
        sys.exit("The benchmarks need wrk: apt-get install wrk")
    with postgresql() if kind == "postgresql" else sqlite() as (url, folder):
        server = server_class(url, folder)
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def postgresql() -> Iterator[tuple[str, Path]]:
    """The address of a new PostgreSQL that syncs to disk, and a folder; both vanish afterwards."""
    with _folder() as folder:
        server = PostgresServer(folder / "postgresql", dict.fromkeys(FAST, "on"))
        try:
            yield server.url, folder
        finally:
            server.stop()


@contextmanager
def sqlite() -> Iterator[tuple[str, Path]]:
    """The same for SQLite."""
    with _folder() as folder:
        yield f"sqlite:///{folder}/flagkeeper.db", folder


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="flagkeeper-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
