"""Reason and ticket at the terminal: commands take them, and the list shows them."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flagkeeper.cli import app
from flagkeeper.cli.terminal import explain
from flagkeeper.eventlog.more import More, read_more
from tests.archive import archived, archiver, fill, place_in
from tests.log import ALICE, Log
from tests.server import start_first

pytestmark = pytest.mark.slow

WHY = ("--reason", "New cluster, größer", "--ticket", "OPS-8", "--by", "ops")
SAID = {"reason": "New cluster, größer", "ticket": "OPS-8", "actorKind": "operator"}


def flagkeeper(*arguments: str, on: str, typed: str | None = None, **changes: str) -> tuple[int, str]:
    """The exit code, and what was printed or is wrong."""
    result = CliRunner().invoke(app, arguments, env={"DATABASE_URL": on, **changes}, input=typed)
    if isinstance(result.exception, Exception):
        return 1, str(explain(result.exception))
    return result.exit_code, result.output


def newest(url: str, kind: str, **changes: str) -> dict[str, Any]:
    code, printed = flagkeeper("events", "list", "--json", "--limit", "1", f"type:{kind}", on=url, **changes)
    assert code == 0, printed
    found: dict[str, Any] = json.loads(printed)
    return found


def test_commands_say_why(database_url: str, tmp_path: Path) -> None:
    start_first(database_url)
    assert flagkeeper("token", "create", "--type", "admin", "--name", "tour", *WHY, on=database_url)[0] == 0
    assert SAID.items() <= newest(database_url, "api-token-created").items()

    typed = "Correct-horse-2\n"
    assert flagkeeper("user", "set-password", "admin", "--password-stdin", *WHY, on=database_url, typed=typed)[0] == 0
    assert SAID.items() <= newest(database_url, "*password*").items()

    out = str(tmp_path / "all.ndjson")
    assert flagkeeper("events", "export", "--output", out, *WHY, on=database_url)[0] == 0
    assert SAID.items() <= newest(database_url, "flagkeeper-events-exported").items()

    code, printed = flagkeeper("user", "pseudonymise", "--name", "ops", *WHY[:-1], "somebody", on=database_url)
    assert code == 0, printed
    assert SAID.items() <= newest(database_url, "flagkeeper-actor-pseudonymised").items()


def test_archived_events_keep_why(database_url: str, tmp_path: Path) -> None:
    log = Log(database_url)
    fill(log, 1_100)
    archiver(log, place_in(tmp_path)).run(ALICE)
    rows = {each.row.id: read_more(each.row.more) for each in archived(log, place_in(tmp_path))}
    assert rows[1] == More(actor_kind="user")
    assert rows[900].ticket == "OPS-7"
    log.close()
    settings = {"FLAGKEEPER_ARCHIVE": str(tmp_path / "archive"), "FLAGKEEPER_LOG_KEEP_EVENTS": "100"}
    assert "batch 800" in flagkeeper("events", "list", "-v", "id:900", on=database_url, **settings)[1]
    assert flagkeeper("archive", "run", *WHY, on=database_url, **settings)[0] == 0
    assert flagkeeper("archive", "run", "--reason", "", on=database_url, **settings)[0] == 1


def test_a_restore_says_why(sqlite_url: str, tmp_path: Path) -> None:
    start_first(sqlite_url)
    backup, target = str(tmp_path / "flags.backup"), f"sqlite:///{tmp_path}/moved.db"
    assert flagkeeper("backup", backup, on=sqlite_url)[0] == 0
    assert flagkeeper("restore", backup, *WHY, on=target)[0] == 0
    assert SAID.items() <= newest(target, "flagkeeper-restored").items()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (("--reason", "two\nlines"), "--reason: Control characters"),
        (("--reason", " "), "--reason: It is empty"),
        (("--ticket", "x" * 201), "--ticket: It has 201 characters"),
    ],
)
def test_what_cannot_be_said_is_refused_before_anything_is_done(
    sqlite_url: str, given: tuple[str, str], problem: str
) -> None:
    start_first(sqlite_url)
    log = Log(sqlite_url)
    before = log.count()
    code, printed = flagkeeper("token", "create", "--type", "admin", "--name", "tour", *given, on=sqlite_url)
    assert (code, printed.startswith(problem)) == (1, True), printed
    assert log.count() == before
    log.close()


def test_the_list_shows_why_when_asked(sqlite_url: str) -> None:
    start_first(sqlite_url)
    flagkeeper("token", "create", "--type", "admin", "--name", "tour", *WHY, on=sqlite_url)
    plain = flagkeeper("events", "list", "--limit", "1", on=sqlite_url)[1].splitlines()
    assert plain[0].split() == ["id", "time", "type", "by", "project", "environment", "flag"]
    assert "OPS-8" not in plain[1]
    for option in ("--more", "-v"):
        header, line = flagkeeper("events", "list", "--limit", "1", option, on=sqlite_url)[1].splitlines()
        assert header.split()[-4:] == ["actor", "reason", "ticket", "cause"]
        assert "operator  New cluster, größer  OPS-8" in line
