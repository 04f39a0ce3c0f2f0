"""States of servers at the terminal and at a start; and an import whose process is killed."""

import asyncio
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from flagkeeper.cli import app
from flagkeeper.features.transfer import jobs
from flagkeeper.features.transfer.jobs import Imports
from flagkeeper.features.transfer.model.file_order import FileOrder
from flagkeeper.features.transfer.tables import state_imports
from flagkeeper.kernel.errors import FlagkeeperError
from flagkeeper.kernel.existing import Existing
from flagkeeper.slice import answers_of
from flagkeeper.slices import SLICES
from flagkeeper.storage.statement import Query, columns
from tests.api.test_cli import COMMAND, environment, flagkeeper
from tests.keeping import StandingIn, check_versions
from tests.log import Log
from tests.moves import many_flags, random_state
from tests.server import start_first

_IMPORTS = Query(select(state_imports.c.phase, state_imports.c.done, state_imports.c.total), columns)


@pytest.fixture
def started_url(database_url: str) -> str:
    """A database on which a server was started before."""
    start_first(database_url)
    return database_url


def test_a_state_at_the_terminal(sqlite_url: str, tmp_path: Path) -> None:
    start_first(sqlite_url)
    source, written = tmp_path / "state.json", tmp_path / "written.yaml"
    source.write_text(json.dumps(random_state(3)))

    def state(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["state", *arguments], env=environment(sqlite_url))

    done = state("import", str(source), "--replace", "--by", "ops", "--reason", "moving")
    assert (done.exit_code, "now has what" in done.output) == (0, True), done.output
    assert state("export", str(written)).exit_code == 0
    assert state("export", str(written)).exit_code == 1, "it is there already"
    assert "flag.3.0" in written.read_text()
    assert "flag.3.0" in {each["name"] for each in json.loads(state("export").stdout)["features"]}
    assert state("import", str(written), "--replace").exit_code == 0

    source.write_text(json.dumps({"version": 4, "features": [{"name": "a/b"}, {"name": "fine", "type": "odd"}]}))
    wrong = flagkeeper("state", "import", str(source), on=sqlite_url)
    assert (wrong.returncode, wrong.stderr.count("flagkeeper: ")) == (1, 3)
    assert "/features/0/name: " in wrong.stderr
    assert "/features/1/type: " in wrong.stderr

    log = Log(sqlite_url)
    try:
        (event, *_) = log.events("type:feature-import")
        assert (event.created_by, event.group_type, '"moving"' in (event.more or "")) == ("ops", "import", True)
        check_versions(log)
    finally:
        log.close()


@pytest.mark.causes("feature-import", action="a server starts with IMPORT_FILE")
def test_a_file_is_imported_once_at_a_start(started_url: str, tmp_path: Path) -> None:
    log = Log(started_url)
    imports = Imports(log.units, log.reader, StandingIn(answers_of(SLICES)))
    source = tmp_path / "flags.json"
    source.write_text(json.dumps(many_flags(3)))
    order = FileOrder(path=str(source), existing=Existing.DROP, project="default", environment="production")
    try:
        asyncio.run(imports.import_file(order))
        first = log.count()
        assert {event.created_by for event in log.events("type:feature-import")} == {"unleash_system_user"}
        asyncio.run(imports.import_file(order))
        assert log.count() == first, "a server that starts again undoes nobody's work"
        exported = {"features": [{"name": "one"}], "featureStrategies": [], "tagTypes": []}
        source.write_text(json.dumps(exported))
        asyncio.run(imports.import_file(order))
        assert [event.environment for event in log.events("type:features-imported")] == ["production"]
        for text in ("{", '{"version": 4, "features": 5}', '{"features": []}'):
            source.write_text(text)
            with pytest.raises(FlagkeeperError):
                asyncio.run(imports.import_file(order))
    finally:
        log.close()


def test_an_import_that_is_killed_is_gone_on_with(
    started_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "state.json"
    source.write_text(json.dumps(many_flags(300)))
    log = Log(started_url)
    try:
        with subprocess.Popen(
            [*COMMAND, "state", "import", str(source)], env=environment(started_url), stderr=subprocess.DEVNULL
        ) as process:
            deadline = time.monotonic() + 60
            while not any(phase == "running" and done > 1 for phase, done, _ in log.read(_read)):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.005)
            os.kill(process.pid, signal.SIGKILL)
        ((_, done, total),) = log.read(_read)
        assert done < total, "it was killed too late to show anything"
        imports = Imports(log.units, log.reader, StandingIn(answers_of(SLICES)))
        asyncio.run(imports.go_on())
        assert log.read(_read) == [("running", done, total)], "its server may only be slow"
        monkeypatch.setattr(jobs, "ABANDONED", -1)

        async def two_at_once() -> None:
            await asyncio.gather(imports.go_on(), imports.go_on())

        asyncio.run(two_at_once())
        assert log.read(_read) == [("done", total, total)]
        imported = log.events("type:feature-import", limit=10_000)
        assert len(imported) == len({event.data for event in imported}) == 300
        assert len({event.group_id for event in imported}) == 1
        check_versions(log)
    finally:
        log.close()


def _read(tx: object) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = tx.all(_IMPORTS)  # type: ignore[attr-defined]
    return found
