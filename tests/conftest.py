"""What every test may ask for: a fresh, migrated database of either kind. PostgreSQL is real, and never skipped."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import structlog

from tests import causes, secrets_made
from tests.databases import Run, durable_postgresql, fresh_postgresql, fresh_sqlite, started

if TYPE_CHECKING:
    from tests.log import Log
    from tests.server import Host, TestServer

# What is logged with a traceback takes milliseconds so, and half a minute with every local variable in it.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

secrets_made.keep_lines()

RUN = pytest.StashKey[Run]()
POSTGRESQL_FIXTURES = {"postgresql_url", "durable_postgresql_url"}

# The machine is shared: how long an example takes says nothing about the code.
hypothesis.settings.register_profile("flagkeeper", deadline=None)
hypothesis.settings.load_profile("flagkeeper")


def pytest_configure(config: pytest.Config) -> None:
    """The first process of a run makes the folder that its workers share."""
    given = getattr(config, "workerinput", None)
    if given is not None:
        config.stash[RUN] = Run(Path(given["folder"]), given["process"])
    else:
        config.stash[RUN] = Run(Path(tempfile.mkdtemp(prefix="flagkeeper-tests-")), os.getpid())
        if os.geteuid() == 0:
            config.stash[RUN].folder.chmod(0o755)  # PostgreSQL runs under another account then


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist: what a worker is told."""
    run = node.config.stash[RUN]
    node.workerinput["folder"] = str(run.folder)
    node.workerinput["process"] = run.process


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[RUN].finish()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for PostgreSQL by name is marked so, in time for `-m 'not postgres'`."""
    for item in items:
        if POSTGRESQL_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("postgres")


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Run:
    return pytestconfig.stash[RUN]


@pytest.fixture
def sqlite_url(run: Run, tmp_path: Path) -> Iterator[str]:
    with fresh_sqlite(run, tmp_path) as url:
        yield url


@pytest.fixture
def postgresql_url(run: Run) -> Iterator[str]:
    with fresh_postgresql(run) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database; the test runs once for each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def durable_postgresql_url(run: Run) -> Iterator[str]:
    """A database on a server that syncs to disk, which costs two seconds to start."""
    folder = Path(tempfile.mkdtemp(prefix="durable-", dir=run.folder))
    with durable_postgresql(folder) as url:
        yield url


@pytest.fixture
def log(database_url: str) -> Iterator["Log"]:
    """A fresh database without a server; the test runs once for each kind."""
    from tests.log import Log

    log = Log(database_url)
    yield log
    log.close()


@pytest.fixture(autouse=True)
def _honest(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that is marked with `causes` sends that request, and events of those types come of it."""
    claims = causes.begin(request.node.iter_markers("causes"))
    yield
    assert not claims.unseen, "the mark `causes` says more than the test shows"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Coroutine tests run on asyncio, which is what the server runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def host() -> Iterator["Host"]:
    """One application for all tests of this process: importing and building it takes about a second."""
    from tests.server import Host

    host = Host()
    yield host
    host.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def server(host: "Host", run: Run, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator["TestServer"]:
    """The server on a database where it was started before; the test runs once for each kind."""
    from tests.server import TestServer, settings_for

    fresh = fresh_sqlite(run, tmp_path, started) if request.param == "sqlite" else fresh_postgresql(run, started)
    with fresh as url, TestServer(host, settings_for(url)) as server:
        yield server
