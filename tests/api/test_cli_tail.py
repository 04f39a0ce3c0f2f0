"""`flagkeeper events tail` and `reindex`: real processes, on a database and on a server."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from flagkeeper.cli import app
from flagkeeper.eventlog.index.memory import SIZES
from flagkeeper.integrations.protocol.message import plain
from flagkeeper.kernel.errors import FlagkeeperError
from flagkeeper.storage.database import parse_database_url
from tests.events import row, write_log
from tests.server import ADMIN
from tests.storm import Process

pytestmark = pytest.mark.slow

FLAGS = "/api/admin/projects/default/features"
# A shell that starts this in the background has Ctrl-C ignored, which Python would take over.
COMMAND = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from flagkeeper.cli import main; main()"
)


class Tail:
    """A running `flagkeeper events tail`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait(self, until: Callable[[list[str]], bool], seconds: float = 20) -> list[str]:
        deadline = time.monotonic() + seconds
        while not until(self.lines):
            assert time.monotonic() < deadline, self.lines
            assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
            time.sleep(0.02)
        return self.lines

    def end(self) -> None:
        """Reads what the process, which has ended, has left: nobody may close its output before."""
        self._reading.join(20)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@contextmanager
def tailing(database_url: str, *arguments: str) -> Iterator[Tail]:
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "events", "tail", *arguments],
        env={"PATH": "/usr/bin", "PYTHONPATH": ":".join(sys.path), "DATABASE_URL": database_url, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        tail = Tail(process)
        try:
            yield tail
        finally:
            if process.poll() is None:
                process.kill()
            tail.end()


def run(database_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env={"PATH": "/usr/bin", "PYTHONPATH": ":".join(sys.path), "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def served(database_url: str, folder: Path) -> Iterator[tuple[Process, httpx.Client, str]]:
    server = Process(database_url, folder)
    server.start()
    address = f"http://127.0.0.1:{server.port}"
    with httpx.Client(base_url=address, headers={"Authorization": ADMIN}, trust_env=False, timeout=20) as client:
        try:
            yield server, client, address
        finally:
            server.kill()


def create(client: httpx.Client, name: str) -> None:
    assert client.post(FLAGS, json={"name": name}).status_code == 201


def until_heard(client: httpx.Client, tail: Tail) -> str:
    """Makes flags until the first is heard of, and returns its name: nobody says when a tail has begun."""
    for number in range(200):
        create(client, f"later-{number}")
        time.sleep(0.1)
        if tail.lines:
            return str(names(tail.lines)[0])
    raise AssertionError("nothing was heard")


def names(lines: list[str]) -> list[Any]:
    return [json.loads(line)["featureName"] for line in lines]


def test_following_the_database(database_url: str, tmp_path: Path) -> None:
    with served(database_url, tmp_path) as (_, client, _):
        create(client, "one")
        with (
            tailing(database_url, "type:feature-created", "--since", "1h") as readable,
            tailing(database_url, "type:feature-created", "--json", "--since", "2020-01-01") as as_json,
        ):
            readable.wait(lambda lines: len(lines) == 1)
            as_json.wait(lambda lines: len(lines) == 1)
            client.post("/api/admin/segments", json={"name": "staff", "constraints": []})
            create(client, "two")
            lines = readable.wait(lambda lines: len(lines) == 2)
            assert re.fullmatch(
                r"\S+Z  feature-created  admin  default/two  admin created two in project default", lines[1]
            )
            assert names(as_json.wait(lambda lines: len(lines) == 2)) == ["one", "two"]
            assert as_json.lines[1].startswith('{"id":')
            assert (readable.stop(), as_json.stop()) == (130, 130)
        with tailing(database_url, "--json") as from_now:
            seen = until_heard(client, from_now)
            assert seen.startswith("later-")


def test_following_a_server_through_its_restarts(sqlite_url: str, tmp_path: Path) -> None:
    nothing = "sqlite:///not-there.db"
    with served(sqlite_url, tmp_path) as (server, client, address):
        create(client, "one")
        asked = ("type:feature-created", "--json", "--server", address, "--token", ADMIN)
        with tailing(nothing, *asked, "--since", "1h") as past, tailing(nothing, *asked) as present:
            past.wait(lambda lines: len(lines) == 1)
            begun = until_heard(client, present)
            server.kill()
            server.start()
            create(client, "two")
            for tail in (past, present):
                tail.wait(lambda lines: names(lines)[-1:] == ["two"])
            assert server.stop() == 0
            server.start()
            create(client, "three")
            for tail in (past, present):
                tail.wait(lambda lines: names(lines)[-1:] == ["three"])
            everything = names(past.lines)
            assert everything[0] == "one"
            assert len(everything) == len(set(everything))
            assert names(present.lines) == everything[everything.index(begun) :]
            client.delete(f"/api/admin/api-tokens/{ADMIN}")
            assert present.process.wait(20) == 1
            assert present.process.stderr is not None
            assert "The server ended this: " in present.process.stderr.read()


def test_following_a_saved_search(sqlite_url: str, tmp_path: Path) -> None:
    with served(sqlite_url, tmp_path) as (_, client, address):
        search = {"name": "made", "query": "type:feature-created since:1h", "shared": True}
        assert client.post("/api/admin/log/searches", json=search).status_code == 201
        create(client, "one")
        asked = ("flag:one,two", "--json", "--saved", "made")
        with (
            tailing(sqlite_url, *asked) as database,
            tailing("sqlite:///not-there.db", *asked, "--server", address, "--token", ADMIN) as server,
        ):
            for tail in (database, server):
                tail.wait(lambda lines: names(lines) == ["one"])
            client.post(f"{FLAGS}/one/environments/development/on")
            create(client, "other")
            create(client, "two")
            for tail in (database, server):
                assert names(tail.wait(lambda lines: len(lines) == 2)) == ["one", "two"]


def test_what_cannot_be_followed(sqlite_url: str, tmp_path: Path) -> None:
    with served(sqlite_url, tmp_path) as (_, _, address):
        for arguments, complaint in (
            (("--server", address), "refuses: You must log in"),
            (("--server", address, "--token", "*:*.wrong"), "refuses: The token is unknown"),
            (("--server", "http://127.0.0.1:1", "--token", ADMIN), "There is no connection"),
            (("--server", f"{address}/nowhere", "--token", ADMIN), "refuses: There is nothing"),
            (("typo:x",), "position 1"),
            (("--since", "soon"), "is no time"),
            (("--saved", "lost"), "No search that you may see is called 'lost'"),
            (("--server", address, "--token", ADMIN, "--saved", "lost"), "No search that you may see is called 'lost'"),
            (("--server", address, "--saved", "lost"), "refuses: You must log in"),
            (("--server", "http://127.0.0.1:1", "--saved", "lost"), "There is no connection"),
        ):
            failed = CliRunner().invoke(app, ["events", "tail", *arguments], env={"DATABASE_URL": sqlite_url})
            assert isinstance(failed.exception, FlagkeeperError), failed.output
            assert complaint in failed.exception.message


def test_a_reader_that_has_enough(sqlite_url: str) -> None:
    write_log(parse_database_url(sqlite_url), [row(number) for number in range(1, 2_001)])
    with tailing(sqlite_url, "--since", "2020-01-01") as tail:
        tail.wait(lambda lines: len(lines) > 10)
    enough = subprocess.run(
        ["/bin/sh", "-c", '"$0" -c "$1" events tail --since 2020-01-01 | head -3', sys.executable, COMMAND],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path), "DATABASE_URL": sqlite_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (len(enough.stdout.splitlines()), enough.stderr) == (3, "")


def test_an_index_that_is_missing_can_be_built(sqlite_url: str) -> None:
    events = SIZES.most_in_memory + 100
    write_log(parse_database_url(sqlite_url), [row(number) for number in range(1, events + 1)])
    failed = run(sqlite_url, "events", "list", "--limit", "1", "--json")
    assert (failed.returncode, "flagkeeper events reindex" in failed.stderr) == (1, True)
    assert run(sqlite_url, "events", "reindex").returncode == 0
    found = run(sqlite_url, "events", "list", "flag:checkout", "--limit", "1", "--json")
    assert json.loads(found.stdout)["id"] == events


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**[check\\_out](http://x/projects/a)** is **on**", "check_out is on"),
        ("**a\\]b** **[x\\]y](http://z)**", "a]b x]y"),
        ("plain", "plain"),
    ],
)
def test_summaries_lose_their_markdown(markdown: str, text: str) -> None:
    assert plain(markdown) == text
