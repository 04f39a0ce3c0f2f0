"""A place with deadlines: what hangs is left behind, refused at once meanwhile, and looked at again."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flagkeeper.eventlog.archive import timed
from flagkeeper.eventlog.archive.blob_store import open_blob_store
from flagkeeper.eventlog.archive.timed import ArchiveNeeded, Timed, without_waiting
from flagkeeper.kernel.errors import Unavailable
from tests.deliveries import until_now
from tests.hanging import hanging_files


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed, "ANSWER", 0.5)
    monkeypatch.setattr(timed, "FIRST_TRIAL", 0.2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/one").write_bytes(b"1")
    return tmp_path


def answers(blobs: Timed, name: str) -> bool:
    try:
        blobs.read(name)
    except Unavailable:
        return False
    return True


def test_it_does_what_the_place_does(folder: Path) -> None:
    blobs = Timed(open_blob_store(str(folder)))
    blobs.write("b/two", b"22")
    assert (blobs.read("b/two"), blobs.names("b"), blobs.names("c")) == (b"22", ["b/two"], [])
    assert blobs.use("b/two", lambda file: file.read(1)) == b"2"
    blobs.delete("b/two")
    with pytest.raises(Unavailable, match="No such file"):
        blobs.read("b/two")
    with pytest.raises(ZeroDivisionError):
        blobs.use("a/one", lambda _file: 1 // 0)


@pytest.mark.usefixtures("impatient")
def test_what_hangs_is_refused_until_it_answers(folder: Path) -> None:
    blobs = Timed(open_blob_store(str(folder)))
    with hanging_files(folder / "a"):
        for act in (lambda: blobs.read("a/one"), lambda: blobs.use("a/one", lambda file: file.read())):
            with pytest.raises(Unavailable, match="has not answered"):
                until_tried(act)
        with pytest.raises(Unavailable, match="does not answer"):
            blobs.names("a")
    until_now(lambda: answers(blobs, "a/one"))
    assert blobs.read("a/one") == b"1"


@pytest.mark.usefixtures("impatient")
def test_a_place_that_answers_again_is_found_though_old_calls_still_hang(folder: Path) -> None:
    """As after a mount was made anew: who waits for the old one waits for ever."""
    blobs = Timed(open_blob_store(str(folder)))
    with hanging_files(folder / "a"):
        (folder / "b").write_bytes(b"3")
        assert not answers(blobs, "a/one")
        until_now(lambda: answers(blobs, "b"))


@pytest.mark.usefixtures("impatient")
def test_nothing_is_written_beside_a_write_that_hangs(folder: Path) -> None:
    """It would come to its end some day, and take the place of what is newer."""
    blobs = Timed(open_blob_store(str(folder)))
    (folder / "partial").mkdir()
    os.mkfifo(folder / "partial/two")
    with pytest.raises(Unavailable, match="has not answered"):
        blobs.write("b/two", b"old")
    until_now(lambda: answers(blobs, "a/one"))
    with pytest.raises(Unavailable, match="earlier write"):
        blobs.write("b/two", b"new")
    with (folder / "partial/two").open("rb"):
        until_now(lambda: written(blobs, "b/three"))
    assert blobs.read("b/three") == b"3"


@pytest.mark.usefixtures("impatient")
def test_something_is_written_beside_a_read_that_hangs(folder: Path) -> None:
    blobs = Timed(open_blob_store(str(folder)))
    with hanging_files(folder / "a"):
        assert not answers(blobs, "a/one")
        until_now(lambda: written(blobs, "b/three"))


class Clock:
    """In place of the module `time`: stands still until it is moved."""

    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


def test_the_longer_a_place_hangs_the_less_often_it_is_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(timed, "ANSWER", 0.05)
    monkeypatch.setattr("flagkeeper.eventlog.archive.timed.time", clock)
    blobs = Timed(open_blob_store(str(folder)))

    def rests() -> list[float]:
        """The seconds between the first looks at it, while it hangs, to a half."""
        found = []
        with hanging_files(folder / "a"):
            assert not answers(blobs, "a/one")
            for _ in range(7):
                began = clock.now
                while not looked_at(blobs):
                    clock.now += 0.5
                found.append(clock.now - began)
        return found

    first = rests()
    assert first == [2, 4, 8, 16, 32, 60, 60]
    clock.now += 1_000
    until_now(lambda: answers(blobs, "a/one") and answers(blobs, "a/one"))  # the first time may be a look only
    assert rests() == first, "what is over does not count"


def looked_at(blobs: Timed) -> bool:
    with pytest.raises(Unavailable) as refused:
        blobs.read("a/one")
    return "has not answered" in refused.value.message


def written(blobs: Timed, name: str) -> bool:
    try:
        blobs.write(name, b"3")
    except Unavailable:
        return False
    return True


def test_who_must_not_wait_is_told_at_once(folder: Path) -> None:
    blobs = Timed(open_blob_store(str(folder)))
    with without_waiting(), pytest.raises(ArchiveNeeded):
        blobs.read("a/one")
    assert blobs.read("a/one") == b"1"


def until_tried(act: Callable[[], object]) -> None:
    """Acts until the place is looked at again."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            act()
        except Unavailable as error:
            if "has not answered" in error.message:
                raise
