"""`flagkeeper archive` and `flagkeeper user pseudonymise`."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from flagkeeper.cli import app
from flagkeeper.cli.terminal import explain
from flagkeeper.eventlog.archive import store
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor
from tests.archive import SET_TIME, archived, archiver, fill, place_in
from tests.log import ALICE, Log

pytestmark = pytest.mark.slow


class Ended(NamedTuple):
    """A command that has run to its end in this process; as one of its own it takes seconds to begin."""

    returncode: int
    stdout: str
    stderr: str


def flagkeeper(*arguments: str, on: str, **changes: str) -> Ended:
    result = CliRunner().invoke(app, arguments, env={"DATABASE_URL": on, **changes})
    if isinstance(result.exception, Exception):
        return Ended(1, result.stdout, f"flagkeeper: {explain(result.exception)}")
    return Ended(result.exit_code, result.stdout, result.stderr)


def one_line(complaint: str) -> str:
    (line,) = complaint.splitlines()
    assert line.startswith("flagkeeper: ")
    return line


def test_status_verify_and_run(database_url: str, tmp_path: Path) -> None:
    archive = {"FLAGKEEPER_ARCHIVE": str(tmp_path / "archive")}
    assert "none (FLAGKEEPER_ARCHIVE is not set)" in flagkeeper("archive", "status", on=database_url).stdout
    refused = flagkeeper("archive", "verify", on=database_url)
    assert (refused.returncode, "set FLAGKEEPER_ARCHIVE" in one_line(refused.stderr)) == (1, True)
    refused = flagkeeper("archive", "run", on=database_url, **archive)
    assert (refused.returncode, "FLAGKEEPER_LOG_KEEP_DAYS" in one_line(refused.stderr)) == (1, True)
    refused = flagkeeper("archive", "status", on=database_url, FLAGKEEPER_ARCHIVE="somewhere")
    assert (refused.returncode, "FLAGKEEPER_ARCHIVE:" in one_line(refused.stderr)) == (1, True)

    log = Log(database_url)
    fill(log, 1_000)
    log.run(_age)
    archiver(log, place_in(tmp_path)).run(ALICE)
    segment = log.read(store.segments)[0]

    status = flagkeeper("archive", "status", on=database_url, **archive)
    assert status.returncode == 0, status.stderr
    assert f"archive      {tmp_path}/archive\nin database  901 to 1002\n" in status.stdout
    assert "segment      1 to 500, " in status.stdout
    assert "900 events archived" in status.stdout
    run = flagkeeper("archive", "run", on=database_url, FLAGKEEPER_LOG_KEEP_DAYS="1", **archive)
    assert (run.returncode, run.stdout) == (0, "0 events went into the archive, in 0 segments.\n"), run.stderr
    sound = flagkeeper("archive", "verify", on=database_url, **archive)
    assert sound.returncode == 0, sound.stderr
    assert sound.stdout.startswith("2 segments with 900 events")

    path = tmp_path / "archive" / segment.file
    path.write_bytes(path.read_bytes()[:-9] + b"123456789")
    damaged = flagkeeper("archive", "verify", on=database_url, **archive)
    assert damaged.returncode == 1
    assert f"{segment.file} in the archive {tmp_path}/archive is damaged" in one_line(damaged.stderr)
    log.close()


def _age(unit: Any) -> None:
    """Old enough to go, if nobody needed them: on a database where no server ran, the fan-out needs them all."""
    moment = unit.now - 3 * clock.DAY
    unit.tx.write_many(SET_TIME, [{"event": each, "moment": moment + each} for each in range(1, 1_001)])


def test_somebody_is_forgotten_at_the_terminal(database_url: str, tmp_path: Path) -> None:
    archive = {"FLAGKEEPER_ARCHIVE": str(tmp_path / "archive")}
    log = Log(database_url)
    draft = SegmentDraft(name="s", description=None, constraints=[], project=None)
    log.units.run_now(Actor("cli:mallory", -2), segments.create, draft)
    fill(log, 300)
    place = place_in(tmp_path)
    archiver(log, place).run(ALICE)

    nobody = flagkeeper("user", "pseudonymise", "--name", "cli:nobody", on=database_url, **archive)
    assert (nobody.returncode, one_line(nobody.stderr)) == (1, "flagkeeper: No event has a name of this person.")
    unsaid = flagkeeper("user", "pseudonymise", on=database_url, **archive)
    assert (unsaid.returncode, "Say who it is" in one_line(unsaid.stderr)) == (1, True)
    away = flagkeeper("user", "pseudonymise", "--name", "cli:mallory", on=database_url)
    assert (away.returncode, "set FLAGKEEPER_ARCHIVE" in one_line(away.stderr)) == (1, True)

    done = flagkeeper("user", "pseudonymise", "--name", "cli:mallory", "--by", "ops", on=database_url, **archive)
    assert done.returncode == 0, done.stderr
    pseudonym = done.stdout.split()[0]
    assert done.stdout == f"{pseudonym} now stands in 1 events.\n"
    assert archived(log, place)[0].row.created_by == pseudonym
    log.close()
