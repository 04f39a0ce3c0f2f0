"""What people called things does not control the terminal of whoever looks."""

import os
import pty
import subprocess

import pytest

from flagkeeper.eventlog.archive import store
from flagkeeper.eventlog.unit import Unit
from tests.api.test_cli_events import COMMAND, environment
from tests.events import row, write_log
from tests.log import Log

pytestmark = pytest.mark.slow

ODD = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\u2066\u2028\u200f"
CONTROLS = {sign for sign in ODD if not sign.isascii() or not sign.isprintable()}


@pytest.fixture
def odd_url(log: Log, database_url: str) -> str:
    """A database of an older version, which took any name."""
    names = {"feature_name": ODD, "created_by": ODD, "project": ODD, "environment": ODD, "summary": f"**{ODD}** did it"}
    write_log(log.database, [row(each, data=f'{{"name":"{ODD[-7:]}"}}', **names) for each in (1, 2)])
    log.run(_hold)
    return database_url


def _hold(unit: Unit) -> None:
    unit.silent("hold", "an older version placed it")
    store.add_hold(unit.tx, ODD, ODD, unit.now)


def shown(database_url: str, *arguments: str, until: str) -> str:
    """What a command shows at a terminal, until `until` is there or it ends."""
    ours, terminal = pty.openpty()
    command = [*COMMAND, *arguments]
    with subprocess.Popen(command, env=environment(database_url), stdout=terminal, stderr=terminal) as running:
        os.close(terminal)
        found = b""
        try:
            while until.encode() not in found and (read := os.read(ours, 10_000)):
                found += read
        except OSError:
            pass  # how Linux says that nobody writes to the terminal any more
        finally:
            running.kill()
            os.close(ours)
    assert until in found.decode(), found
    return found.decode()


@pytest.mark.parametrize(
    "arguments",
    [
        ("events", "list"),
        ("events", "list", "--json"),
        ("events", "tail", "--since", "9000d"),
        ("events", "tail", "--since", "9000d", "--json"),
        ("events", "export"),
        ("events", "export", "--format", "json"),
        ("events", "export", "--format", "csv"),
        ("events", "list", "--by", f"evil{ODD}"),
        ("events", "list", "--saved", f"evil{ODD}"),
        ("events", "export", "--output", f"/nowhere/evil{ODD}"),
        ("archive", "status"),
    ],
)
def test_nothing_controls_the_terminal(odd_url: str, arguments: tuple[str, ...]) -> None:
    found = shown(odd_url, *arguments, until="evil")
    # What is left are the colours, and what ends a line.
    assert not set(found) & (CONTROLS - {"\x1b"})
    assert "\x1b]" not in found
    assert "\x1b[2J" not in found


def test_a_pipe_gets_what_there_is(odd_url: str) -> None:
    for arguments in (("events", "list", "--json"), ("events", "export")):
        done = subprocess.run([*COMMAND, *arguments], env=environment(odd_url), capture_output=True, check=True)
        assert "\u202e" in done.stdout.decode()


def test_parquet_is_not_shown_at_a_terminal(odd_url: str) -> None:
    assert "no text" in shown(odd_url, "events", "export", "--format", "parquet", until="--output")


def test_an_actor_has_a_name_that_can_be_shown(odd_url: str) -> None:
    found = shown(odd_url, "events", "export", "--by", ODD, until="not allowed here")
    assert found.startswith("flagkeeper: ") or "flagkeeper: " in found
