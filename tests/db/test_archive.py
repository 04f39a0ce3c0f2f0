"""Events move into the archive and are read from there as if they had never moved."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, insert, update

from flagkeeper.eventlog.archive import archiver as acts
from flagkeeper.eventlog.archive import live, store
from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.archive.archiver import Moved, RetentionPolicy
from flagkeeper.eventlog.archive.ledger import ArchiveLedger
from flagkeeper.eventlog.archive.manifest import Manifest
from flagkeeper.eventlog.archive.tables import log_segments
from flagkeeper.eventlog.catalogue.payload import SegmentData
from flagkeeper.eventlog.catalogue.segment import SegmentCreated
from flagkeeper.eventlog.tables import log_followers, log_head
from flagkeeper.eventlog.unit import Unit
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import Conflict, Unavailable
from flagkeeper.readmodels.client_features.queries import read_revisions
from flagkeeper.storage.statement import Write
from tests.archive import KEEP, archived, archiver, everything, fill, place_in, spread_over_days
from tests.databases import Run, fresh_sqlite
from tests.deliveries import enable
from tests.log import ALICE, Log

pytestmark = pytest.mark.slow

_FOLLOW = Write[Any](insert(log_followers))


def test_nine_of_ten_events_move_and_nothing_else_changes(log: Log, tmp_path: Path) -> None:
    fill(log, 2_000)
    before = everything(log)
    blobs = place_in(tmp_path)

    moved = archiver(log, blobs, RetentionPolicy(keep_events=200)).run(ALICE)

    assert moved == Moved(4, 1_800)
    left = everything(log)
    assert [event.row.id for event in left[:200]] == list(range(1_801, 2_001))
    assert archived(log, blobs) + left[:200] == before
    told = [event.row for event in left[200:]]
    assert [event.type for event in told] == ["flagkeeper-events-archived"] * 4
    assert {event.created_by for event in told} == {ALICE.name}
    said = msgspec.json.decode(told[0].data or "")
    segment = log.read(store.segments)[0]
    assert said == {
        "firstId": 1,
        "lastId": 500,
        "events": 500,
        "archive": str(tmp_path / "archive"),
        "sha256": segment.sha256,
    }
    assert hashlib.sha256((tmp_path / "archive" / segment.file).read_bytes()).hexdigest() == segment.sha256


def test_ids_ranges_and_moments_are_found_cold(log: Log, tmp_path: Path) -> None:
    fill(log, 2_000)
    spread_over_days(log, 100)
    before = {event.row.id: event.row for event in everything(log)}
    blobs = place_in(tmp_path)
    archiver(log, blobs, RetentionPolicy(keep_days=10), largest=700).run(ALICE)
    first_live = log.read(live.first_id)
    archive = Archive(blobs)

    assert 1_790 <= first_live <= 1_802
    some = [5, 1, 700, 701, 1_400, first_live - 1, first_live, 1_999, 0, -3, 10**9, 5]
    assert log.read(archive.rows, some) == [before[each] for each in (1, 5, 700, 701, 1_400, first_live - 1)]
    assert log.read(archive.rows, []) == log.read(archive.rows, [first_live]) == []
    for first, last in ((1, 1), (650, 750), (1, 2_000), (1_700, 5_000), (3, 2), (-5, 2)):
        wanted = [before[each] for each in range(max(first, 1), min(last, first_live - 1) + 1)]
        assert log.read(archive.between, first, last) == wanted
    for event_id in (1, 2, 700, 701, first_live - 1):
        assert log.read(archive.first_id, before[event_id].created_at) == event_id
        assert log.read(archive.first_id, before[event_id].created_at - 1) == event_id
    assert log.read(archive.first_id, before[first_live].created_at) is None
    assert log.read(archive.first_id, 0) == 1


def test_of_equal_times_the_first_event_is_found(log: Log, tmp_path: Path) -> None:
    fill(log, 1_000)
    blobs = place_in(tmp_path)
    before = everything(log)
    archiver(log, blobs, largest=300).run(ALICE)
    for event in before[: 1_000 - KEEP : 37]:
        at = event.row.created_at
        first = next(each.row.id for each in before if each.row.created_at >= at)
        assert log.read(Archive(blobs).first_id, at) == first


def test_half_removed_events_are_seen_once(log: Log, tmp_path: Path) -> None:
    """Rows that are in both places while the archiver removes them are live, and only live."""
    fill(log, 600)
    blobs = place_in(tmp_path)
    moving = archiver(log, blobs, largest=500)
    stops = iter([False, False, False, True])
    moving.run(ALICE, stopped=lambda: next(stops, True))
    first_live = log.read(live.first_id)
    assert 1 < first_live < 500
    assert [event.row.id for event in archived(log, blobs)] == list(range(1, first_live))

    assert archiver(log, blobs).run(ALICE) == Moved(1, 500)
    assert [event.row.id for event in archived(log, blobs)] == list(range(1, 501))


def test_the_policy_by_age_and_by_number(log: Log, tmp_path: Path) -> None:
    fill(log, 1_000)
    spread_over_days(log, 100)
    blobs = place_in(tmp_path)
    assert archiver(log, blobs, RetentionPolicy(keep_days=200)).run(ALICE) == Moved(0, 0)
    assert archiver(log, blobs, RetentionPolicy(keep_events=1_000)).run(ALICE) == Moved(0, 0)
    assert archiver(log, blobs, RetentionPolicy()).run(ALICE) == Moved(0, 0)
    assert archiver(log, blobs, RetentionPolicy(keep_days=90, keep_events=950)).run(ALICE, at_least=101) == Moved(0, 0)
    assert archiver(log, blobs, RetentionPolicy(keep_days=90, keep_events=950)).run(ALICE).events in (99, 100, 101)


def test_what_is_still_needed_stays(log: Log, tmp_path: Path) -> None:
    fill(log, 500)
    blobs = place_in(tmp_path)
    assert archiver(log, blobs, fresh=clock.HOUR).run(ALICE) == Moved(0, 0), "events of the last hour stay"
    log.run(lambda unit: unit.tx.write(_FOLLOW, name="slow", position=120, failures=0))
    assert archiver(log, blobs, needs=[lambda _: None, lambda _: 31, lambda _: 77]).run(ALICE) == Moved(1, 30)
    assert archiver(log, blobs).run(ALICE) == Moved(1, 90)
    assert log.read(live.first_id) == 121


def test_a_hold_keeps_everything_where_it_is(log: Log, tmp_path: Path) -> None:
    fill(log, 500)
    blobs = place_in(tmp_path)
    hold = log.run(lambda unit: store.add_hold(unit.tx, "case 4711", "ada", unit.now))
    with pytest.raises(Conflict, match=r"hold 1 by ada: case 4711"):
        archiver(log, blobs).run(ALICE)
    assert log.read(live.first_id) == 1
    assert not (tmp_path / "archive").exists()
    log.run(lambda unit: store.remove_hold(unit.tx, hold.id))
    assert archiver(log, blobs).run(ALICE).events == 400


def test_a_hold_stops_a_run_that_is_under_way(log: Log, tmp_path: Path) -> None:
    fill(log, 1_000)
    blobs = place_in(tmp_path)

    def place_hold(done: int, total: int) -> None:
        if done > 600 and not log.read(store.holds):
            log.run(lambda unit: store.add_hold(unit.tx, "stop", "ada", unit.now))
            stopped_at.append(log.read(live.first_id))

    stopped_at: list[int] = []
    with pytest.raises(Conflict, match="stop"):
        archiver(log, blobs, largest=500).run(ALICE, progress=place_hold)
    assert log.read(live.first_id) == stopped_at[0]
    assert log.read(store.last_run).error is not None


def test_one_process_at_a_time(log: Log, tmp_path: Path) -> None:
    fill(log, 1_000)
    blobs = place_in(tmp_path)
    seen: list[str] = []

    def second(_done: int, _total: int) -> None:
        with pytest.raises(Conflict, match="another process") as refused:
            archiver(log, blobs).run(ALICE)
        seen.append(refused.value.message)

    archiver(log, blobs, largest=900).run(ALICE, progress=second)
    assert seen
    assert archiver(log, blobs).run(ALICE).events == 1, "the turn was given back"


def test_a_run_tells_how_it_went(log: Log, tmp_path: Path) -> None:
    assert log.read(store.last_run) is None
    fill(log, 700)
    told: list[tuple[int, int]] = []
    archiver(log, place_in(tmp_path)).run(ALICE, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (600, 600)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    run = log.read(store.last_run)
    assert (run.segments, run.events, run.error) == (2, 600, None)
    assert run.finished_at is not None


def test_manifests_are_numbered_and_kept(log: Log, tmp_path: Path) -> None:
    fill(log, 1_100)
    blobs = place_in(tmp_path)
    archiver(log, blobs).run(ALICE)
    names = blobs.names("manifests")
    assert names == ["manifests/00000001.json", "manifests/00000002.json"]
    first, second = (msgspec.json.decode(blobs.read(name), type=Manifest) for name in names)
    assert second.segments == log.read(store.segments)
    assert first.segments == second.segments[:1]
    assert (first.version, second.version) == (1, 2)


def test_an_older_copy_of_the_database_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    """It would take the place of segments that it knows nothing of."""
    copy = tmp_path / "copy.db"
    log = Log(sqlite_url)
    fill(log, 700)
    log.close()
    shutil.copyfile(sqlite_url.removeprefix("sqlite:///"), copy)
    blobs = place_in(tmp_path)
    log = Log(sqlite_url)
    archiver(log, blobs).run(ALICE)
    log.close()
    old = Log(f"sqlite:///{copy}")
    with pytest.raises(Conflict, match="it is an older copy"):
        archiver(old, blobs).run(ALICE)
    old.close()
    log = Log(sqlite_url)
    assert len(archived(log, blobs)) == 600
    log.close()


@pytest.mark.parametrize("act", ["write", "verify", "announce", "_tell", "_remove_some", "close"])
def test_an_error_at_any_act_loses_nothing(log: Log, tmp_path: Path, act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(log, 1_200)
    before = everything(log)
    blobs = place_in(tmp_path)
    target: Any = next(each for each in (acts, ArchiveLedger, acts.Archiver) if hasattr(each, act))
    real, calls = getattr(target, act), [0]

    def failing(*args: Any) -> Any:
        calls[0] += 1
        if calls[0] == (1 if act == "close" else 2):
            raise OSError("cut off")
        return real(*args)

    with monkeypatch.context() as patched:
        patched.setattr(target, act, failing)
        with pytest.raises(OSError, match="cut off"):
            archiver(log, blobs).run(ALICE)
    seen = archived(log, blobs) + everything(log)
    assert [event for event in seen if event.row.type != "flagkeeper-events-archived"] == before

    archiver(log, blobs, RetentionPolicy(keep_events=300)).run(ALICE)
    seen = archived(log, blobs) + everything(log)
    assert [event for event in seen if event.row.type != "flagkeeper-events-archived"] == before
    assert [event.row.id for event in seen] == list(range(1, len(seen) + 1))
    ranges = [
        (said["firstId"], said["lastId"])
        for event in seen
        if event.row.type == "flagkeeper-events-archived" and (said := msgspec.json.decode(event.row.data or ""))
    ]
    assert ranges == [(each.first_id, each.last_id) for each in log.read(store.segments)], "each is told of once"
    used = {segment.file for segment in log.read(store.segments)}
    assert set(blobs.names("segments")) == used, "nothing is left behind"


def test_damage_is_noticed_wherever_it_is(log: Log, tmp_path: Path) -> None:
    fill(log, 600)
    before = everything(log)
    blobs = place_in(tmp_path)
    archiver(log, blobs).run(ALICE)
    path = tmp_path / "archive" / log.read(store.segments)[0].file
    whole = path.read_bytes()
    for position in (0, 5, len(whole) // 3, len(whole) // 2, len(whole) - 200, len(whole) - 1):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(Unavailable, match="checksum is wrong"):
            log.read(Archive(blobs).rows, [17])
    path.write_bytes(whole[:-50])
    with pytest.raises(Unavailable, match="checksum is wrong"):
        log.read(Archive(blobs).between, 1, 10)
    path.write_bytes(whole)
    assert log.read(Archive(blobs).rows, [17]) == [before[16].row]


def test_damage_after_the_first_look_is_noticed_too(log: Log, tmp_path: Path) -> None:
    """A wrong answer is never given, whatever byte changes in the data of a file that was sound when it was opened."""
    fill(log, 600)
    right = [event.row for event in everything(log)][:500]
    blobs = place_in(tmp_path)
    archiver(log, blobs).run(ALICE)
    path = tmp_path / "archive" / log.read(store.segments)[0].file
    whole = path.read_bytes()
    noticed = 0
    for position in range(4, len(whole) // 2, 97):
        archive = Archive(blobs)
        log.read(archive.first_id, 0)
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 4]) + whole[position + 1 :])
        try:
            assert log.read(archive.between, 1, 500) == right
        except Unavailable:
            noticed += 1
        path.write_bytes(whole)
    assert noticed > 5


def test_a_missing_archive_is_an_error_and_not_an_empty_answer(log: Log, tmp_path: Path) -> None:
    fill(log, 700)
    blobs = place_in(tmp_path)
    archiver(log, blobs).run(ALICE)
    (tmp_path / "archive").rename(tmp_path / "elsewhere")
    for archive in (Archive(blobs), Archive(None)):
        with pytest.raises(Unavailable):
            log.read(archive.rows, [3])
        with pytest.raises(Unavailable):
            log.read(archive.between, 1, 3)
        with pytest.raises(Unavailable):
            log.read(archive.first_id, 0)
        assert log.read(archive.rows, [699]) == [], "what is in the database needs no archive"
    with pytest.raises(Unavailable, match="has no manifest"):
        archiver(log, blobs, RetentionPolicy(keep_events=10)).run(ALICE)
    assert log.read(live.first_id) == 601


def test_the_archive_of_another_log_is_refused(log: Log, run: Run, tmp_path: Path) -> None:
    blobs = place_in(tmp_path)
    with fresh_sqlite(run, tmp_path) as url:
        other = Log(url)
        other.run(_begin_epoch)
        fill(other, 300)
        archiver(other, blobs).run(ALICE)
        other.close()
    fill(log, 300)
    with pytest.raises(Conflict, match="belongs to another log"):
        archiver(log, blobs).run(ALICE)
    assert log.read(live.first_id) == 1


def test_what_asks_for_the_newest_event_of_something_finds_it_archived(log: Log, tmp_path: Path) -> None:
    """What SDKs have seen does not go back, and a project that nobody touches was still touched last then."""
    log.run(_record_rare)
    fill_with_enabled(log, 400)
    before = log.read(read_revisions)
    assert before[None] == 1
    archiver(log, place_in(tmp_path)).run(ALICE)
    assert log.read(read_revisions) == before
    newest = {name: event_id for name, event_id, _ in log.read(store.newest_of, "project")}
    assert newest == {"quiet": 2, "default": 302}
    archiver(log, place_in(tmp_path), RetentionPolicy(keep_events=50)).run(ALICE)
    newest = {name: event_id for name, event_id, _ in log.read(store.newest_of, "project")}
    assert newest["default"] > 302


def _record_rare(unit: Unit) -> None:
    data = SegmentData(
        id=1, name="s", description=None, constraints=[], created_by="ada", created_at="2026-01-01T00:00:00.000Z",
        project=None,
    )  # fmt: skip
    unit.record(SegmentCreated(project=None, data=data))
    enable(unit, "flag", project="quiet")


def fill_with_enabled(log: Log, count: int) -> None:
    log.run(lambda unit: enable(unit, *(f"flag-{number}" for number in range(count))))


def _begin_epoch(unit: Unit) -> None:
    """Databases of tests are copies of one, with the same epoch."""
    unit.tx.write(Write[Any](update(log_head).where(log_head.c.id == 1).values(epoch="another")))


def test_a_gap_is_an_error(log: Log, tmp_path: Path) -> None:
    fill(log, 1_200)
    blobs = place_in(tmp_path)
    archiver(log, blobs).run(ALICE)
    log.run(lambda unit: unit.tx.write(Write[Any](delete(log_segments).where(log_segments.c.first_id == 501))))
    archive = Archive(blobs)
    assert len(log.read(archive.between, 1, 500)) == 500
    with pytest.raises(Unavailable, match="Event 501 is neither"):
        log.read(archive.between, 400, 1_050)
    with pytest.raises(Unavailable, match="Event 501 is neither"):
        log.read(archive.rows, [3, 700])
    log.run(lambda unit: unit.tx.write(Write[Any](delete(log_segments).where(log_segments.c.first_id == 1))))
    with pytest.raises(Unavailable, match="Event 400 is neither"):
        log.read(archive.between, 400, 1_050)
