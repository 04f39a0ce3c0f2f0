"""Fresh databases for tests: each is a copy of a template that is migrated once in a test run, for all its workers."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from flagkeeper.kernel.ids import new_ulid
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.migrate import migrate
from tests import postgres_server, spare
from tests.postgres_server import FAST, NoPostgres, PostgresServer

_SUPERVISORS: list[subprocess.Popen[bytes]] = []
"""Kept to the end of this process: Python warns of a running process that nobody holds."""


class Run(NamedTuple):
    """One run of pytest: a folder that all its workers share, and the process that leads them."""

    folder: Path
    process: int

    @property
    def server(self) -> Path:
        """Where this run's PostgreSQL lives, while it does."""
        return self.folder / "postgresql"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One worker at a time."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def finish(self) -> None:
        """Leaves nothing behind: no process, no folder, no database."""
        if "TEST_DATABASE_URL" in os.environ:
            for prepare in (migrated, started):
                template = self.folder / f"template_{prepare.__name__}"
                if template.exists():
                    _execute(os.environ["TEST_DATABASE_URL"], "DROP DATABASE {} WITH (FORCE)", template.read_text())
        supervisor = self.folder / "supervisor"
        if supervisor.exists():
            with suppress(ProcessLookupError):
                os.kill(int(supervisor.read_text()), signal.SIGTERM)
            deadline = time.monotonic() + 30
            while self.server.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
        shutil.rmtree(self.folder)


_SPARES: dict[str, list[str]] = {}
_CONTENTS: dict[str, spare.Contents] = {}
"""By what prepared them."""

Prepare = Callable[[str], None]
"""Makes something of an empty database, given its address."""


def migrated(url: str) -> None:
    """All tables, and nothing in them."""
    migrate(parse_database_url(url))


def started(url: str) -> None:
    """What a server finds that was started before: users, tokens, a project."""
    from tests.server import start_first

    migrated(url)
    start_first(url)


@contextmanager
def fresh_sqlite(run: Run, folder: Path, prepare: Prepare = migrated) -> Iterator[str]:
    """The address of a new SQLite database in `folder`."""
    template = run.folder / f"template_{prepare.__name__}.db"
    with run.alone():
        if not template.exists():
            making = run.folder / "making.db"
            prepare(f"sqlite:///{making}")
            making.rename(template)
    path = folder / f"{new_ulid().lower()}.db"
    shutil.copyfile(template, path)
    yield f"sqlite:///{path}"


@contextmanager
def fresh_postgresql(run: Run, prepare: Prepare = migrated) -> Iterator[str]:
    """The address of a PostgreSQL database as new. On a server of the tests' own it is used again by a later test of
    this process, under another name: whoever still runs does not find it."""
    server = _server(run)
    name, spares = f"test_{new_ulid().lower()}", _SPARES.setdefault(prepare.__name__, [])
    if spares:
        _execute(server, "ALTER DATABASE {} RENAME TO {}", spares.pop(), name)
    else:
        with run.alone():
            template = _template(run, server, prepare)
        _execute(server, "CREATE DATABASE {} TEMPLATE {}", name, template)
    if prepare.__name__ not in _CONTENTS:
        _CONTENTS[prepare.__name__] = spare.contents_of(_at(server, name))
    try:
        yield _at(server, name)
    finally:
        if "TEST_DATABASE_URL" not in os.environ and spare.restore(_at(server, name), _CONTENTS[prepare.__name__]):
            spares.append(name)
        else:
            _execute(server, "DROP DATABASE {} WITH (FORCE)", name)


@contextmanager
def durable_postgresql(folder: Path) -> Iterator[str]:
    """The address of a migrated database on a server of its own that syncs to disk, for tests of what survives."""
    server = PostgresServer(folder, dict.fromkeys(FAST, "on"))
    try:
        migrate(parse_database_url(server.url))
        yield server.url
    finally:
        server.stop()


def _server(run: Run) -> str:
    """The address of the server's maintenance database: TEST_DATABASE_URL, or a server that this starts."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return given
    url = run.server / "url"
    with run.alone():
        if not url.exists():
            _start(run)
    return url.read_text()


def _start(run: Run) -> None:
    run.server.mkdir(exist_ok=True)
    with (run.folder / "supervisor.log").open("wb") as log:
        supervisor = subprocess.Popen(
            [sys.executable, postgres_server.__file__, str(run.server), str(run.process)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _SUPERVISORS.append(supervisor)
    (run.folder / "supervisor").write_text(str(supervisor.pid))
    while not (run.server / "url").exists():
        if supervisor.poll() is not None:
            (run.folder / "supervisor").unlink()
            raise NoPostgres((run.folder / "supervisor.log").read_text())
        time.sleep(0.02)


def _template(run: Run, server: str, prepare: Prepare) -> str:
    """The name of the database that others are copies of."""
    file = run.folder / f"template_{prepare.__name__}"
    if not file.exists():
        name = f"template_{new_ulid().lower()}"
        _execute(server, "CREATE DATABASE {}", name)
        prepare(_at(server, name))
        file.write_text(name)
    return file.read_text()


def _execute(server: str, statement: str, *names: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _at(server: str, database: str) -> str:
    return urlunsplit(urlsplit(server)._replace(path=f"/{database}"))
