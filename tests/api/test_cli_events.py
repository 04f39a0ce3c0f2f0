"""Export and import at the terminal: files that are whole or not there, and that go on where they were cut."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flagkeeper.cli import app
from flagkeeper.eventlog.export.source import Batch, Scan, Wanted
from flagkeeper.eventlog.import_file import import_file
from flagkeeper.eventlog.read import log_position
from flagkeeper.storage.database import parse_database_url
from tests.event_lines import lines
from tests.log import Log

pytestmark = pytest.mark.slow

COMMAND = [
    sys.executable,
    "-c",
    # Whoever runs us in the background has Ctrl-C ignored.
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from flagkeeper.cli import main; main()",
]
SOURCE = Path(__file__).parents[2] / "src"
ADDRESS = "http://flags.example.com"
N = 1_500


def environment(database_url: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(SOURCE),
        "DATABASE_URL": database_url,
        "UNLEASH_URL": ADDRESS,
    }


def flagkeeper(*arguments: str, on: str, typed: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    """Runs one command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], env=environment(on), input=typed, capture_output=True, timeout=100, check=False
    )


@pytest.fixture
def filled_url(database_url: str) -> str:
    content = io.BytesIO(b"".join(lines(N)))
    import_file(parse_database_url(database_url), content, ADDRESS, lambda _read, _verified: None)
    return database_url


def test_a_log_goes_out_and_comes_back_the_same(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "first.ndjson").write_bytes(b"".join(lines(N)))
    brought = flagkeeper("events", "import", str(tmp_path / "first.ndjson"), on=database_url)
    assert brought.returncode == 0, brought.stderr
    assert f"now has {N} events".encode() in brought.stdout

    target = tmp_path / "out.ndjson"
    written = flagkeeper("events", "export", "--output", str(target), "--by", "olga", on=database_url)
    assert written.returncode == 0, written.stderr
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.glob("out*")) == ["out.ndjson"]

    other = f"sqlite:///{tmp_path}/other.db"
    assert flagkeeper("events", "import", "-", on=other, typed=target.read_bytes()).returncode == 0
    again = flagkeeper("events", "export", on=other)
    assert again.stdout == target.read_bytes()
    assert f"{N} events".encode() in again.stderr

    (record,) = flagkeeper("events", "export", "--after", str(N), on=database_url).stdout.splitlines()
    assert json.loads(record)["createdBy"] == "olga"
    assert json.loads(record)["data"] == {"format": "ndjson", "query": "", "events": N, "firstId": 1, "lastId": N}


def test_a_file_that_is_there_is_left_alone(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    refused = flagkeeper("events", "export", "--output", str(tmp_path / "kept"), on=sqlite_url)
    assert (refused.returncode, (tmp_path / "kept").read_text()) == (1, "mine")
    assert b"exists already" in refused.stderr


def test_only_what_matches_in_any_format(filled_url: str, tmp_path: Path) -> None:
    query = "type:feature-created project:project-1"
    found = flagkeeper("events", "export", query, on=filled_url).stdout.splitlines()
    assert found
    assert {json.loads(line)["project"] for line in found} == {"project-1"}
    for kind in ("json", "csv", "parquet"):
        target = tmp_path / f"out.{kind}"
        done = flagkeeper("events", "export", query, "--format", kind, "--output", str(target), on=filled_url)
        assert done.returncode == 0, done.stderr
        assert f"{len(found)} events".encode() in done.stderr
        assert target.stat().st_size > 500
    wrong = flagkeeper("events", "export", "since:never", on=filled_url)
    assert (wrong.returncode, b"position" in wrong.stderr) == (1, True)


def test_a_bad_file_is_refused_by_its_line(database_url: str, tmp_path: Path) -> None:
    content = b"".join(lines(20)) + b'{"type":"feature-created","createdAt":"2026-01-01T00:00:00Z"}\n'
    refused = flagkeeper("events", "import", "-", on=database_url, typed=content)

    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith(b"flagkeeper: Line 21: ")
    assert b"createdBy" in line
    log = Log(database_url)
    assert log.read(log_position).last_id == 0
    log.close()
    missing = flagkeeper("events", "import", str(tmp_path / "nowhere"), on=database_url)
    assert (missing.returncode, b"nowhere" in missing.stderr) == (1, True)


def test_an_import_that_is_killed_leaves_nothing(database_url: str) -> None:
    """SQLite writes an import into the file itself: what the next one finds there must be undone."""
    running = subprocess.Popen(
        [*COMMAND, "events", "import", "-"], env=environment(database_url), stdin=subprocess.PIPE
    )
    assert running.stdin is not None
    event = {
        "type": "feature-created",
        "createdAt": "2026-01-01T00:00:00Z",
        "createdBy": "a",
        "data": {"a": "b" * 8_000},
    }
    for _ in range(8_000):
        running.stdin.write(json.dumps(event).encode() + b"\n")
    running.stdin.flush()
    running.kill()
    running.stdin.close()
    running.wait()
    file = Path(parse_database_url(database_url).address)
    assert not database_url.startswith("sqlite") or file.stat().st_size > 10_000_000, "it was written to"

    log = Log(database_url)
    assert log.read(log_position).last_id == 0
    log.close()
    done = flagkeeper("events", "import", "-", on=database_url, typed=b"".join(lines(200)))
    assert done.returncode == 0, done.stderr
    exported = flagkeeper("events", "export", on=database_url).stdout
    assert len(exported.splitlines()) == 200


def test_links_lead_to_the_new_server(sqlite_url: str) -> None:
    log = b"".join(lines(200))
    assert flagkeeper("events", "import", "-", on=sqlite_url, typed=log).returncode == 0
    exported = flagkeeper("events", "export", on=sqlite_url).stdout.replace(
        ADDRESS.encode(), b"https://old.example.com"
    )
    assert b"(https://old.example.com/projects/" in exported
    moved = sqlite_url.replace(".db", "-moved.db")

    done = flagkeeper("events", "import", "-", "--written-by", "https://old.example.com/", on=moved, typed=exported)
    assert done.returncode == 0, done.stderr
    assert (
        flagkeeper("events", "export", on=moved).stdout.replace(ADDRESS.encode(), b"https://old.example.com")
        == exported
    )


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after some events."""

    async def some(self: Scan, wanted: Wanted) -> AsyncIterator[Batch]:
        async for batch in batches(self, wanted):
            yield batch
            if 200 < batch.reached < 1_000:
                raise KeyboardInterrupt

    batches = Scan.batches
    monkeypatch.setattr(Scan, "batches", some)


def run(database_url: str, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["events", "export", *arguments], env=environment(database_url))
    return done.exit_code, done.stderr


@pytest.mark.usefixtures("interrupted")
def test_an_interrupted_export_goes_on(filled_url: str, tmp_path: Path) -> None:
    target = tmp_path / "out.ndjson"
    code, said = run(filled_url, "--output", str(target), "--", "-project:project-3")

    assert code == 130
    (left,) = tmp_path.glob("out*")
    reached = left.name.removeprefix("out.ndjson.to-")
    assert f"flagkeeper events export --output {target} --after {reached} -- -project:project-3" in said
    taken = [json.loads(line)["id"] for line in left.read_bytes().splitlines()]
    assert taken
    assert taken[-1] <= int(reached) < 1_000

    code, said = run(filled_url, "--output", str(target), "--after", str(10**6), "--", "-project:project-3")
    assert code == 0, "another place is another export"
    target.unlink()
    assert left.exists()


def test_an_export_goes_on_in_the_file_that_was_left(
    filled_url: str, tmp_path: Path, interrupted: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.ndjson"
    run(filled_url, "--output", str(target))
    (left,) = tmp_path.glob("out*")
    monkeypatch.undo()

    code, said = run(filled_url, "--output", str(target), "--after", left.name.rpartition("-")[2])
    assert code == 0, said
    events = [json.loads(line) for line in target.read_bytes().splitlines()]
    assert [event["id"] for event in events] == list(range(1, N + 2)), "and the record of the export that was cut"
    assert not left.exists()


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("kind", ["json", "csv", "parquet"])
def test_what_cannot_go_on_leaves_nothing(filled_url: str, tmp_path: Path, kind: str) -> None:
    code, said = run(filled_url, "--output", str(tmp_path / "out"), "--format", kind)
    assert (code, list(tmp_path.glob("out*"))) == (130, [])
    assert "nothing is left" in said


def test_a_failure_says_how_to_go_on(filled_url: str, tmp_path: Path) -> None:
    connection = parse_database_url(filled_url).connect()
    connection.begin()
    connection.run("DELETE FROM events WHERE id = 1200", {})
    connection.commit()
    connection.close()

    failed = flagkeeper("events", "export", "--output", str(tmp_path / "out"), on=filled_url)
    (left,) = tmp_path.glob("out*")
    assert failed.returncode == 1
    hint, reason = failed.stderr.decode().splitlines()
    assert f"--after {left.name.rpartition('-')[2]}" in hint
    assert "neither in the database nor in the archive" in reason


def test_whoever_has_enough_is_left_in_peace(sqlite_url: str) -> None:
    flagkeeper("events", "import", "-", on=sqlite_url, typed=b"".join(lines(N)))
    with subprocess.Popen(
        [*COMMAND, "events", "export"], env=environment(sqlite_url), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1_000)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_ctrl_c_while_it_writes_to_a_pipe(filled_url: str) -> None:
    with subprocess.Popen(
        [*COMMAND, "events", "export"], env=environment(filled_url), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        content = process.stdout.read(1_000)
        process.send_signal(signal.SIGINT)
        content += process.stdout.read()
        said = process.stderr.read().decode()
    assert process.returncode == 130, said
    events = [json.loads(line) for line in content.splitlines()]
    assert said.strip().endswith(f"--output - --after {events[-1]['id']}")
    assert len(events) < N
