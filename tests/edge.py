"""`flagkeeper edge` as a process, in front of a server."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.server import BACKEND

COMMAND = [sys.executable, "-c", "from flagkeeper.cli import main; main()", "edge"]
SOON = 30.0
"""Seconds in which something comes that takes a fraction of one; the machine may be busy."""


def edge_environment(upstream: str, folder: Path | None = None, **more: str) -> dict[str, str]:
    """One whose times are short."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PYTHONPATH", "LANG")}
    return {
        **kept,
        "UPSTREAM_URL": upstream,
        "TOKENS": BACKEND,
        "HTTP_HOST": "127.0.0.1",
        "FEATURES_REFRESH_INTERVAL_SECONDS": "1",
        "METRICS_INTERVAL_SECONDS": "1",
        "TOKEN_REVALIDATION_INTERVAL_SECONDS": "1",
        **({"BACKUP_FOLDER": str(folder)} if folder else {}),
        **more,
    }


class Edge:
    """A running one. What it says is in `said`, once it has ended."""

    def __init__(self, process: "subprocess.Popen[str]", url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self._log = log

    @property
    def said(self) -> str:
        return self._log.read_text()

    def request(self, method: str, path: str, token: str | None = BACKEND, **more: Any) -> httpx.Response:
        headers = {**({"Authorization": token} if token else {}), **more.pop("headers", {})}
        return httpx.request(method, f"{self.url}{path}", headers=headers, timeout=30, trust_env=False, **more)

    def get(self, path: str, token: str | None = BACKEND, **more: Any) -> httpx.Response:
        return self.request("GET", path, token, **more)

    def post(self, path: str, token: str | None = BACKEND, **more: Any) -> httpx.Response:
        return self.request("POST", path, token, **more)

    def flags(self, token: str = BACKEND) -> dict[str, bool]:
        """Which are on."""
        answer = self.get("/api/client/features", token)
        assert answer.status_code == 200, answer.text
        return {each["name"]: each["enabled"] for each in answer.json()["features"]}

    def shows(self, flag: str, on: bool) -> bool:
        """Whether a flag is there, and on or off as expected."""
        return self.flags().get(flag) is on

    def ready(self) -> httpx.Response:
        return self.get("/ready", None)

    def is_stale(self) -> bool:
        return "staleSince" in self.ready().json()

    def end(self) -> int:
        """As service managers do. Returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SOON)


@contextmanager
def edge(upstream: str, log: Path, folder: Path | None = None, *arguments: str, **more: str) -> Iterator[Edge]:
    """An edge in front of `upstream`, which is ended if the test has not done so."""
    environment = edge_environment(upstream, folder, **more)
    with log.open("a") as errors:
        process = subprocess.Popen(
            [*COMMAND, "--port", "0", *arguments], env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        assert process.stdout is not None
        told = ""
        while "on disk" not in told:
            line = process.stdout.readline()
            assert line, f"it has not started: {log.read_text()}"
            told += line
        url = re.search(r"address\s+(http\S+)", told)
        assert url is not None, told
        yield Edge(process, url[1].replace("localhost", "127.0.0.1"), log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(SOON)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        assert process.stdout is not None
        process.stdout.close()


def refused(upstream: str, *arguments: str, **more: str) -> str:
    """What an edge says that does not start."""
    environment = {name: value for name, value in {**edge_environment(upstream), **more}.items() if value}
    ended = subprocess.run(
        [*COMMAND, "--port", "0", *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    return ended.stderr


def eventually(holds: Callable[[], bool], seconds: float = SOON) -> float:
    """Seconds until it held."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < seconds, "it took too long"
        time.sleep(0.02)
    return time.monotonic() - started
