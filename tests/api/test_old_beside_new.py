"""The release before this one, running beside it on one database while servers are replaced one after the other."""

import json
import tarfile
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

import flagkeeper
from flagkeeper.eventlog.follow import Wants, after
from flagkeeper.eventlog.read import LogEvent
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.migrate import current_revision, newest_revision
from flagkeeper.storage.reader import Reader
from tests.conftest import RUN
from tests.databases import Run, fresh_postgresql
from tests.server import ADMIN
from tests.storm import FLAGS, Process

pytestmark = pytest.mark.slow

PREVIOUS = Path(__file__).parents[1] / "data/upgrade/previous-release.tar.xz"
CHANGES = 20
"""Of each client, half of them through the old server and half through the new one."""


def empty(url: str) -> None:
    """Leaves the database as it is: the old server migrates it."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def new_url(request: pytest.FixtureRequest, run: Run, tmp_path: Path) -> Iterator[str]:
    """A database that nobody has migrated yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/shared.db"
    else:
        with fresh_postgresql(request.config.stash[RUN], empty) as url:
            yield url


@pytest.fixture
def old_and_new(new_url: str, tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    """The old server, started first, and the new one, which migrated the database under it."""
    with tarfile.open(PREVIOUS) as archive:
        archive.extractall(tmp_path / "previous", filter="data")
    servers = []
    for name, code in (("old", tmp_path / "previous/src"), ("new", Path(flagkeeper.__file__).parents[1])):
        folder = tmp_path / name
        folder.mkdir()
        server = Process(new_url, folder, PYTHONPATH=str(code))
        server.start()
        servers.append(server)
    yield servers[0], servers[1]
    for server in servers:
        assert server.stop() == 0


def ask(server: Process, method: str, path: str, body: Any = None) -> Any:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        headers = {"Authorization": ADMIN, "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    assert answer.status < 300, f"{method} {path}: {answer.status} {text!r}"
    return json.loads(text) if text else None


def test_old_code_goes_on_beside_new_schema(old_and_new: tuple[Process, Process], new_url: str) -> None:
    database = parse_database_url(new_url)
    assert current_revision(database) == newest_revision(), "the new server migrated it"
    acknowledged: list[tuple[str, str]] = []
    failures: list[BaseException] = []

    def change(number: int) -> None:
        try:
            flag = f"flag-{number}"
            ask(old_and_new[number % 2], "POST", FLAGS, {"name": flag})
            acknowledged.append(("feature-created", flag))
            for turn in range(CHANGES):
                word = ("on", "off")[turn % 2]
                ask(old_and_new[turn // 2 % 2], "POST", f"{FLAGS}/{flag}/environments/development/{word}")
                acknowledged.append((f"feature-environment-{'enabled' if word == 'on' else 'disabled'}", flag))
        except BaseException as error:
            failures.append(error)

    clients = [threading.Thread(target=change, args=(number,)) for number in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(120)
        assert not client.is_alive(), "a request hangs"
    assert not failures

    reader = Reader(database)
    events: list[LogEvent] = reader.now(after, 0, Wants(), 10_000)
    reader.stop()
    assert [event.id for event in events] == list(range(1, len(events) + 1)), "ids have no holes"
    times = [event.created_at for event in events]
    assert times == sorted(times)
    stored = [(event.type, event.feature_name) for event in events if (event.feature_name or "").startswith("flag-")]
    of_changes = [each for each in stored if each[0] != "feature-strategy-add"]
    assert sorted(of_changes) == sorted(acknowledged), "every acknowledged change is there once"
    seen = [ask(server, "GET", FLAGS) for server in old_and_new]
    assert [each["name"] for each in seen[0]["features"]] == [each["name"] for each in seen[1]["features"]]
