"""Whether the archive can be used: looked at in the background, now and then, and told in words."""

from collections import Counter
from pathlib import Path

import pytest

from flagkeeper.eventlog.archive import condition as condition_module
from flagkeeper.eventlog.archive import manifest
from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.archive.archiver import RetentionPolicy
from flagkeeper.eventlog.archive.blob_store import BlobStore
from flagkeeper.eventlog.archive.condition import Condition
from tests.archive import archiver, fill, place_in
from tests.deliveries import until_now
from tests.log import ALICE, Log


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each place was looked at."""
    found, newest = Counter[str](), manifest.newest

    def counted(blobs: BlobStore) -> manifest.Manifest | None:
        seen = newest(blobs)
        found[blobs.shown] += 1
        return seen

    monkeypatch.setattr(manifest, "newest", counted)
    return found


def test_it_is_looked_at_once_in_a_while_however_often_somebody_asks(
    log: Log, tmp_path: Path, looks: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = place_in(tmp_path)
    condition = Condition(blobs, Archive(blobs), log.reader)
    assert condition.configured
    until_now(lambda: condition.troubles() == [] and looks[blobs.shown] == 1)
    until_now(lambda: not condition._looking)
    for _ in range(20):
        assert condition.troubles() == []
    assert looks.total() == 1
    monkeypatch.setattr(condition_module, "EVERY", 0.0)
    until_now(lambda: condition.troubles() == [] and looks.total() > 2)


def test_what_is_wrong_is_told_until_it_is_right_again(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(condition_module, "EVERY", 0.0)
    fill(log, 40)
    blobs = place_in(tmp_path)
    archiver(log, blobs, RetentionPolicy(keep_events=10)).run(ALICE)
    none, elsewhere = Condition(None, Archive(None), log.reader), place_in(tmp_path / "elsewhere")
    until_now(lambda: "none is configured" in " ".join(none.troubles()))
    assert not none.configured
    other = Condition(elsewhere, Archive(elsewhere), log.reader)
    until_now(lambda: "has no manifest" in " ".join(other.troubles()))
    right = Condition(blobs, Archive(blobs), log.reader)
    until_now(lambda: not right._looking and right.troubles() == [])
    with monkeypatch.context() as broken:
        broken.setattr(manifest, "newest", lambda _blobs: None)
        until_now(lambda: len(right.troubles()) == 1)
    until_now(lambda: right.troubles() == [])
