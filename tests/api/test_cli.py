"""The command line, as people and scripts use it: real processes, exit codes, and what they print."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from flagkeeper.cli import app
from flagkeeper.features.segments.queries import all_segments
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.migrate import newest_revision
from tests.databases import Run, fresh_postgresql, fresh_sqlite
from tests.log import Log

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-c", "from flagkeeper.cli import main; main()"]
SOURCE = Path(__file__).parents[2] / "src"
ADMIN = "*:*.0123456789abcdef0123456789abcdef"
PASSWORD = "Correct-horse-1"


def environment(database_url: str, **changes: str) -> dict[str, str]:
    """Nothing of the tester's own settings reaches the command."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(SOURCE),
        "DATABASE_URL": database_url,
        "HTTP_HOST": "127.0.0.1",
        "PORT": "0",
        "INIT_ADMIN_API_TOKENS": ADMIN,
        "UNLEASH_DEFAULT_ADMIN_PASSWORD": PASSWORD,
        **changes,
    }


def flagkeeper(*arguments: str, on: str, typed: str = "", **changes: str) -> "subprocess.CompletedProcess[str]":
    """Runs one command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(on, **changes),
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Serving:
    """A running `flagkeeper serve`."""

    def __init__(self, process: "subprocess.Popen[str]", printed: str) -> None:
        self.process = process
        self.printed = printed
        self.url = re.findall(r"http://[^\s/]+:\d+", printed)[0]
        self.client = httpx.Client(base_url=self.url, timeout=20, trust_env=False, headers={"Authorization": ADMIN})

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def serving(database_url: str, folder: Path, **changes: str) -> Iterator[Serving]:
    """The server, from the moment when it says that it is ready; its log goes to `folder`/log."""
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [*COMMAND, "serve"], env=environment(database_url, **changes), stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        printed = ""
        while "database" not in printed:
            line = process.stdout.readline()
            assert line, (folder / "log").read_text()
            printed += line
        found = Serving(process, printed)
        try:
            yield found
        finally:
            found.client.close()
            if process.poll() is None:
                process.kill()


def one_line(complaint: str) -> str:
    (line,) = complaint.splitlines()
    assert line.startswith("flagkeeper: ")
    return line


def test_it_says_what_it_can_do(tmp_path: Path) -> None:
    shown = flagkeeper("--help", on="sqlite:///unused.db")
    assert shown.returncode == 0
    for command in ("serve", "migrate", "backup", "restore", "openapi", "token", "user", "events"):
        assert re.search(rf"^ +{command} +\w", shown.stdout, re.MULTILINE), command
    for arguments in (("token", "create"), ("user", "set-password"), ("events", "list"), ("backup",), ("serve",)):
        assert "Usage:" in flagkeeper(*arguments, "--help", on="sqlite:///unused.db").stdout


def test_a_mistake_in_the_arguments_is_not_a_failure(tmp_path: Path) -> None:
    wrong = flagkeeper("token", "create", "--type", "guest", "--name", "x", on=f"sqlite:///{tmp_path}/x.db")
    assert wrong.returncode == 2
    assert "guest" in wrong.stderr


def test_migrate_brings_a_new_database_up(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    missing = flagkeeper("migrate", "--check", on=url)
    assert (missing.returncode, "There is no database" in one_line(missing.stderr)) == (1, True)
    assert not (tmp_path / "new.db").exists(), "asking must not make a database"

    assert f"now has schema {newest_revision()}" in flagkeeper("migrate", on=url).stdout
    assert "already had" in flagkeeper("migrate", on=url).stdout
    assert flagkeeper("migrate", "--check", on=url).returncode == 0


def test_a_database_out_of_reach_is_one_line() -> None:
    url = "postgresql://somebody:hunter22@127.0.0.1:1/flags"
    for arguments in (("serve",), ("migrate",), ("events", "list"), ("backup", "file")):
        failed = flagkeeper(*arguments, on=url)
        assert failed.returncode == 1
        assert "Connection refused" in one_line(failed.stderr)
        assert "hunter22" not in failed.stderr


def test_settings_that_make_no_sense_are_one_line() -> None:
    failed = flagkeeper("serve", on="mysql://localhost/flags")
    assert (failed.returncode, "sqlite:///" in one_line(failed.stderr)) == (1, True)
    failed = flagkeeper("serve", on="sqlite:///unused.db", PORT="http")
    assert (failed.returncode, "PORT" in one_line(failed.stderr)) == (1, True)


def test_serving_from_start_to_stop(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path) as server:
        assert "/docs/openapi" in server.printed
        assert parse_database_url(database_url).shown() in server.printed
        assert server.client.get("/health").json() == {"health": "GOOD"}
        assert server.client.get("/api/admin/events").status_code == 200

        port = server.url.rpartition(":")[2]
        taken = flagkeeper("serve", on=database_url, PORT=port)
        assert taken.returncode == 1
        assert f"Cannot listen on 127.0.0.1:{port}: Address already in use" in one_line(taken.stderr)

        assert server.stop() == 0
    assert (tmp_path / "log").read_text() == ""


def test_an_interrupted_server_commits_what_it_acknowledged(database_url: str, tmp_path: Path) -> None:
    """SIGTERM in the middle of writes: every 201 that a client saw is in the log, and nothing hangs."""
    acknowledged: list[int] = []
    refused: list[Any] = []

    def write(client: httpx.Client, number: int) -> None:
        while True:
            try:
                body = {"name": f"segment {number}-{len(acknowledged)}-{time.monotonic_ns()}", "constraints": []}
                answer = client.post("/api/admin/segments", json=body)
            except httpx.TransportError as error:
                refused.append(error)
                return
            if answer.status_code == 201:
                acknowledged.append(answer.json()["id"])
            else:
                refused.append(answer.text)
                return

    with serving(database_url, tmp_path, UNLEASH_SEGMENTS_LIMIT="100000") as server:
        threads = [threading.Thread(target=write, args=(server.client, number)) for number in range(8)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 40:
            assert len(refused) < 8, refused
            time.sleep(0.01)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 15
        for thread in threads:
            thread.join(30)

    log = Log(database_url)
    stored = {segment.id for segment in log.read(all_segments)}
    log.close()
    assert len(acknowledged) >= 40
    assert set(acknowledged) <= stored


def test_no_login_is_announced_loudly(sqlite_url: str, tmp_path: Path) -> None:
    with serving(sqlite_url, tmp_path, AUTH_TYPE="none") as server:
        assert httpx.get(f"{server.url}/api/admin/segments", trust_env=False).status_code == 200
    assert "THERE IS NO LOGIN" in (tmp_path / "log").read_text()


def test_a_token_made_at_the_terminal_works_at_once(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path) as server:
        made = flagkeeper(
            "token", "create", "--type", "admin", "--name", "deploy", "--expires", "2099-01-01", on=database_url
        )
        assert made.returncode == 0, made.stderr
        token = made.stdout.strip()
        deadline = time.monotonic() + 10
        while (
            httpx.get(f"{server.url}/api/admin/segments", headers={"Authorization": token}, trust_env=False).status_code
            != 200
        ):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (event, *_) = server.client.get("/api/admin/search/events", params={"type": "IS:api-token-created"}).json()[
            "events"
        ]
    assert event["createdBy"].startswith("cli:")
    assert event["createdByUserId"] == -2
    assert event["data"]["tokenName"] == "deploy"
    assert token not in json.dumps(event)

    past = flagkeeper("token", "create", "--type", "client", "--name", "x", "--expires", "soon", on=database_url)
    assert (past.returncode, "is no time" in one_line(past.stderr)) == (1, True)


def test_a_password_set_at_the_terminal_opens_the_door(database_url: str, tmp_path: Path) -> None:
    def log_in(password: str) -> int:
        body = {"username": "admin", "password": password}
        return server.client.post("/auth/simple/login", json=body).status_code

    with serving(database_url, tmp_path) as server:
        assert log_in(PASSWORD) == 200
        weak = flagkeeper("user", "set-password", "admin", "--password-stdin", on=database_url, typed="short\n")
        assert (weak.returncode, "too weak" in one_line(weak.stderr)) == (1, True)
        done = flagkeeper("user", "set-password", "admin", "--password-stdin", on=database_url, typed="New-horse-22\n")
        assert done.returncode == 0, done.stderr
        assert log_in(PASSWORD) == 401
        assert log_in("New-horse-22") == 200
    nobody = flagkeeper("user", "set-password", "nobody", "--password-stdin", on=database_url, typed="New-horse-22\n")
    assert (nobody.returncode, "no user called nobody" in one_line(nobody.stderr)) == (1, True)


def test_the_way_back_in(database_url: str, tmp_path: Path) -> None:
    """Single sign-on is broken, passwords are switched off, and nobody is an administrator who could log in."""

    def log_in(name: str) -> int:
        body = {"username": name, "password": "New-horse-22"}
        return server.client.post("/auth/simple/login", json=body).status_code

    with serving(database_url, tmp_path) as server:
        assert server.client.post("/api/admin/auth/simple/settings", json={"disabled": True}).status_code == 200
        assert log_in("ada") == 422
        rescued = ("user", "rescue", "ada", "--password-stdin", "--reason", "The provider is down")
        weak = flagkeeper(*rescued, on=database_url, typed="short\n")
        assert (weak.returncode, log_in("ada")) == (1, 422)
        done = flagkeeper(*rescued, on=database_url, typed="New-horse-22\n")
        assert done.returncode == 0, done.stderr
        while (status := log_in("ada")) == 422:
            time.sleep(0.05)
        assert status == 200, "the server that runs has taken notice"
        assert server.client.get("/api/admin/user-admin").status_code == 200
        events = server.client.get("/api/admin/search/events").json()["events"]
    assert [(each["type"], each["createdBy"].split(":")[0]) for each in events[:3]][::-1] == [
        ("user-created", "cli"),
        ("flagkeeper-user-password-changed", "cli"),
        ("setting-updated", "cli"),
    ]


@pytest.fixture
def peopled_url(database_url: str, tmp_path: Path) -> str:
    """A database after a first start and two segments by different hands."""
    with serving(database_url, tmp_path) as server:
        for name in ("staff", "beta"):
            assert server.client.post("/api/admin/segments", json={"name": name, "constraints": []}).status_code == 201
        assert server.stop() == 0
    return database_url


def test_events_can_be_listed_and_filtered(peopled_url: str) -> None:
    def listed(*arguments: str) -> list[str]:
        found = CliRunner().invoke(app, ["events", "list", *arguments], env=environment(peopled_url))
        assert found.exit_code == 0, found.output
        return found.output.splitlines()

    def ids(*arguments: str) -> list[int]:
        return [json.loads(line)["id"] for line in listed("--json", *arguments)]

    everything = ids("--limit", "1000")
    segments = ids("--type", "segment-created", "--type", "segment-updated")
    assert everything == sorted(everything, reverse=True)
    assert segments == everything[:2]
    assert ids("--limit", "1") == everything[:1]
    assert ids("--query", "beta") == everything[:1]
    assert ids("type:segment-* -beta") == everything[1:2]
    assert ids("type:segment-*", "--query", "bet", "--since", "2h") == everything[:1]
    assert ids("--by", "unleash_system_user", "--limit", "1000") == everything[2:]
    assert ids("--since", "2020-01-01", "--until", "2099-01-01", "--limit", "1000") == everything
    assert ids("--since", "2099-01-01") == []
    assert ids("--project", "nowhere") == []

    table = listed("--type", "segment-created")
    assert table[0].split() == ["id", "time", "type", "by", "project", "environment", "flag"]
    assert [line.split()[0] for line in table[1:]] == [str(each) for each in segments]

    assert ids("--by", "-42") == everything[:2]
    assert listed("--project", "nowhere") == ["No events match."]
    for arguments, complaint in (
        (("--by", "Nobody Inparticular"), "Nobody called"),
        (("--type", "segment-craeted"), "Did you mean segment-created?"),
        (("--by", "admin", "--by", "1"), "not both"),
        (("--since", "yesterday"), "is no time"),
        (("typo:x",), "position 1"),
    ):
        wrong = flagkeeper("events", "list", *arguments, on=peopled_url)
        assert (wrong.returncode, complaint in one_line(wrong.stderr)) == (1, True), wrong.stderr


@pytest.mark.causes("flagkeeper-restored", action="flagkeeper restore FILE")
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_backup_of_a_running_server_moves_to_either_database(
    peopled_url: str, kind: str, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "flags.backup"
    with serving(peopled_url, tmp_path):
        saved = flagkeeper("backup", str(file), on=peopled_url)
    assert saved.returncode == 0, saved.stderr
    assert "events among them" in saved.stdout

    with fresh_sqlite(run, tmp_path) if kind == "sqlite" else fresh_postgresql(run) as url:
        restored = flagkeeper("restore", str(file), "--by", "ops", on=url)
        assert restored.returncode == 0, restored.stderr
        again = flagkeeper("restore", str(file), on=url)
        assert (again.returncode, "is not empty" in one_line(again.stderr)) == (1, True)
        with serving(url, tmp_path, INIT_ADMIN_API_TOKENS="", UNLEASH_DEFAULT_ADMIN_PASSWORD="") as server:
            assert [each["name"] for each in server.client.get("/api/admin/segments").json()["segments"]] == [
                "staff",
                "beta",
            ]
            newest = server.client.get("/api/admin/search/events", params={"limit": "1"}).json()["events"][0]
    assert (newest["type"], newest["createdBy"]) == ("flagkeeper-restored", "ops")


def test_a_restore_makes_the_database_that_it_needs(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "flags.backup"
    assert flagkeeper("backup", str(file), on=sqlite_url).returncode == 0
    url = f"sqlite:///{tmp_path}/new.db"
    missing = flagkeeper("restore", str(tmp_path / "missing"), on=url)
    assert (missing.returncode, "No such file" in one_line(missing.stderr)) == (1, True)
    restored = flagkeeper("restore", str(file), on=url)
    assert restored.returncode == 0, restored.stderr


def test_a_backup_goes_through_pipes(sqlite_url: str, tmp_path: Path) -> None:
    saved = subprocess.run(
        [*COMMAND, "backup", "-"],
        env=environment(sqlite_url),
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert saved.stderr.startswith(b"standard output: ")
    assert not (tmp_path / "-").exists()

    def restored(content: bytes, name: str) -> "subprocess.CompletedProcess[bytes]":
        given = environment(f"sqlite:///{tmp_path}/{name}.db")
        return subprocess.run(
            [*COMMAND, "restore", "-"], env=given, input=content, capture_output=True, timeout=60, check=False
        )

    done = restored(saved.stdout, "whole")
    assert (done.returncode, b"now has the 0 events of" in done.stdout) == (0, True), done.stderr
    for cut in (b"", saved.stdout[:-20], b"standard output: 2 rows"):
        refused = restored(cut, "cut")
        assert (refused.returncode, b"standard-input is no backup" in refused.stderr) == (1, True), refused.stderr
    assert restored(saved.stdout, "cut").returncode == 0, "nothing stands in the way of the whole one"


def test_a_backup_into_a_pipe_that_closes_fails(sqlite_url: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    failed = subprocess.run(
        [*COMMAND, "backup", "-"],
        env=environment(sqlite_url),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert failed.returncode == 1, failed.stderr


def test_the_interface_can_be_printed() -> None:
    printed = flagkeeper("openapi", on="sqlite:///unused.db")
    assert printed.returncode == 0, printed.stderr
    assert json.loads(printed.stdout)["openapi"] == "3.1.0"


def test_logs_for_machines_name_routes_and_no_secrets(sqlite_url: str, tmp_path: Path) -> None:
    changes = {"FLAGKEEPER_LOG_FORMAT": "json", "FLAGKEEPER_ACCESS_LOG": "true"}
    with subprocess.Popen(
        [*COMMAND, "serve"],
        env=environment(sqlite_url, **changes),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        ready = json.loads(process.stderr.readline())
        assert (ready["event"], ready["logger"], ready["level"]) == ("ready", "flagkeeper.server", "info")
        secret = "default:development.aaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        answer = httpx.get(
            f"{ready['url']}/api/admin/api-tokens/{secret}",
            headers={"Authorization": ADMIN, "X-Request-Id": "from-the-proxy"},
            trust_env=False,
        )
        assert answer.headers["x-request-id"] == "from-the-proxy"
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
    lines = [json.loads(line) for line in rest.splitlines()]
    (request,) = [line for line in lines if line["event"] == "request"]
    assert request["request_id"] == "from-the-proxy"
    assert request["method"] == "GET"
    assert "{" in request["route"] or request["route"] == "none"
    assert secret not in rest
    assert ADMIN not in rest
