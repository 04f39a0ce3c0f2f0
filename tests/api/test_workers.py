"""`flagkeeper serve --workers N`: several processes behind one address."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.server import ADMIN, BACKEND, PASSWORD

FLAGS = "/api/admin/projects/default/features"
WORKERS = 2


def free_ports(number: int) -> int:
    """The first of so many ports in a row on which nobody listens."""
    while True:
        with closing(socket.create_server(("127.0.0.1", 0))) as found:
            first: int = found.getsockname()[1]
        try:
            for port in range(first, first + number):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first


class Serving:
    """A parent with its workers."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.port = port

    def get(self, path: str, token: str | None = None, port: int = 0) -> httpx.Response:
        """On a connection of its own, so that any worker may take it."""
        headers = {"Authorization": token} if token else {}
        return httpx.get(f"http://127.0.0.1:{port or self.port}{path}", headers=headers, timeout=30, trust_env=False)

    def knows(self, flag: str, port: int) -> bool:
        return flag in self.get("/api/client/features", BACKEND, port).text

    def workers(self) -> set[int]:
        """Their processes."""
        told = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(each) for each in told.split()}

    def workers_answer(self) -> bool:
        return all(_answers(self.port + place) for place in range(1, WORKERS + 1))


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ready", timeout=30, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def wait_until(holds: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def command(*more: str) -> list[str]:
    return [sys.executable, "-c", "from flagkeeper.cli import main; main()", "serve", *more]


@contextmanager
def serving(database_url: str, folder: Path) -> Iterator[Serving]:
    port = free_ports(WORKERS + 1)
    environment = {
        **os.environ,
        "FLAGKEEPER_DATABASE_URL": database_url,
        "HTTP_HOST": "127.0.0.1",
        "INIT_ADMIN_API_TOKENS": ADMIN,
        "INIT_BACKEND_API_TOKENS": BACKEND,
        "UNLEASH_DEFAULT_ADMIN_PASSWORD": PASSWORD,
    }
    asked = command("--port", str(port), "--workers", str(WORKERS), "--worker-ports", str(port + 1))
    with (folder / "workers.log").open("w") as log:
        process = subprocess.Popen(asked, env=environment, stdout=log, stderr=log, text=True)
    found = Serving(process, port)
    try:
        wait_until(lambda: process.poll() is not None or found.workers_answer())
        assert process.poll() is None, (folder / "workers.log").read_text()
        yield found
    finally:
        process.kill()
        process.wait()


def test_workers_serve_one_address_and_one_that_dies_is_replaced(postgresql_url: str, tmp_path: Path) -> None:
    with serving(postgresql_url, tmp_path) as served:
        before = served.workers()
        assert len(before) == WORKERS
        flag: dict[str, Any] = {"name": "checkout"}
        url = f"http://127.0.0.1:{served.port}{FLAGS}"
        made = httpx.post(url, json=flag, headers={"Authorization": ADMIN}, timeout=30, trust_env=False)
        assert made.status_code == 201
        for place in range(1, WORKERS + 1):
            wait_until(lambda: served.knows("checkout", served.port + place))  # noqa: B023 - used at once

        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        assert served.get("/health").status_code == 200
        wait_until(lambda: len(served.workers() - {victim}) == WORKERS and served.workers_answer())
        assert before - served.workers() == {victim}

        after = served.workers()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(60) == 0
        assert not any(Path(f"/proc/{each}").exists() for each in after)
        said = (tmp_path / "workers.log").read_text()
        assert said.count("is ready") == 1
        assert "worker_died" in said


def test_workers_end_with_their_parent(postgresql_url: str, tmp_path: Path) -> None:
    with serving(postgresql_url, tmp_path) as served:
        workers = served.workers()
        served.process.kill()
        wait_until(lambda: not any(_runs(each) for each in workers))


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_sqlite_has_one_process(sqlite_url: str) -> None:
    environment = {**os.environ, "FLAGKEEPER_DATABASE_URL": sqlite_url}
    refused = subprocess.run(
        command("--workers", "2"), env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 1
    assert "Several workers need PostgreSQL" in refused.stderr


def test_a_first_worker_that_cannot_start_is_the_end(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "FLAGKEEPER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "HTTP_HOST": "127.0.0.1",
    }
    asked = command("--workers", "2", "--port", str(free_ports(1)))
    refused = subprocess.run(asked, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert "cannot be" in refused.stderr
