"""What an edge keeps on disk: as it was written, or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from flagkeeper.edge.snapshots import KnownToken, Snapshots
from flagkeeper.kernel.errors import BadData

UPSTREAM = "https://flags.example.com"
KNOWN = {"a" * 64: KnownToken("client", "development", ("*",))}
WRITER = """
import sys
from pathlib import Path
from flagkeeper.edge.snapshots import KnownToken, Snapshots
folder, number = Snapshots(Path(sys.argv[1]), sys.argv[2]), 0
folder.prepare()
while True:
    number += 1
    folder.save_tokens({f"{each}": KnownToken("client", str(number), ("*",) * 5) for each in range(20_000)})
    if number == 1:
        print("begun", flush=True)
"""
FULL = """
import resource, sys
from pathlib import Path
from flagkeeper.edge.snapshots import KnownToken, Snapshots
folder = Snapshots(Path(sys.argv[1]), sys.argv[2])
folder.prepare()
token = KnownToken("client", "e", ("*",))
assert folder.save_tokens({"1": token})
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
assert not folder.save_tokens({str(each): token for each in range(10_000)}) and folder.trouble
assert sorted(each.name for each in Path(sys.argv[1]).iterdir()) == ["lock", "tokens.json"], "no half file stays"
assert list(folder.load_tokens()) == ["1"]
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert folder.save_tokens({"2": token}) and folder.trouble is None
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def kept_in(folder: Path, upstream: str = UPSTREAM) -> dict[str, KnownToken]:
    return Snapshots(folder, upstream).load_tokens()


def test_damage_is_noticed_wherever_it_is(folder: Path) -> None:
    snapshots = Snapshots(folder, UPSTREAM)
    snapshots.prepare()
    assert snapshots.save_tokens(KNOWN)
    file = folder / "tokens.json"
    whole = file.read_bytes()
    assert kept_in(folder) == KNOWN
    for position in range(len(whole)):
        for damaged in (
            whole[:position],
            whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :],
            whole[:position] + b"\0" * (len(whole) - position),
        ):
            file.write_bytes(damaged)
            with capture_logs() as said:
                assert kept_in(folder) in ({}, KNOWN)
            assert all(each["event"].startswith("snapshot_") for each in said)
    file.write_bytes(whole)
    assert kept_in(folder) == KNOWN
    assert kept_in(folder, "https://other.example.com") == {}


def test_what_another_version_wrote_is_not_read(folder: Path) -> None:
    snapshots = Snapshots(folder, UPSTREAM)
    snapshots.prepare()
    snapshots.save_tokens(KNOWN)
    file = folder / "tokens.json"
    for form in (1, 3):
        file.write_bytes(msgspec.json.encode({**msgspec.json.decode(file.read_bytes()), "form": form}))
        with capture_logs() as said:
            assert snapshots.load_tokens() == {}
        assert [each["event"] for each in said] == ["snapshot_of_another_version"]
    file.write_bytes(b'{"upstream":"https://flags.example.com","content":{}}')
    with capture_logs() as said:
        assert snapshots.load_tokens() == {}
    assert [each["event"] for each in said] == ["snapshot_unreadable"]
    assert snapshots.save_tokens(KNOWN)
    assert snapshots.load_tokens() == KNOWN, "it is replaced"


def test_a_folder_has_one_edge(folder: Path) -> None:
    first, second = Snapshots(folder, UPSTREAM), Snapshots(folder, UPSTREAM)
    first.prepare()
    with pytest.raises(BadData, match="in use by another edge"):
        second.prepare()
    assert first.save_tokens(KNOWN)
    first.release()
    second.prepare()
    assert second.load_tokens() == KNOWN
    second.release()


def test_killed_while_it_writes(folder: Path) -> None:
    numbers = []
    for _ in range(4):
        command = [sys.executable, "-c", WRITER, str(folder), UPSTREAM]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            process.send_signal(signal.SIGKILL)
        with capture_logs() as said:
            found = kept_in(folder)
        assert not said
        assert len(found) == 20_000
        numbers.append({each.environment for each in found.values()})
    assert all(len(each) == 1 for each in numbers), "a file is of one moment"
    last = Snapshots(folder, UPSTREAM)
    last.prepare()
    assert not list(folder.glob(".*.new")), "what was begun is cleared away"
    last.release()


def test_a_disk_that_is_full(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(folder), UPSTREAM], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).count("snapshot_not_written") == 1
    assert (done.stdout + done.stderr).count("snapshot_written_again") == 1
