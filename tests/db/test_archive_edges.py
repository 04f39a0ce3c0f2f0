"""The archive at its edges: an empty log, one event that is due, and whoever asked for a pseudonym and then left."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import bindparam, update

from flagkeeper.eventlog.archive import live, pseudonyms, store
from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.archive.archiver import Moved, RetentionPolicy
from flagkeeper.eventlog.archive.own_names import names_beside_the_log
from flagkeeper.eventlog.archive.pseudonyms import ARCHIVED, Pseudonym
from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.archive.segment import demand_ids, pack
from flagkeeper.eventlog.parquet import ROW_GROUP, StoredEvent
from flagkeeper.eventlog.read import LogRows
from flagkeeper.eventlog.tables import events
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import draft
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.statement import Write
from tests.archive import archived, archiver, fill, place_in
from tests.deliveries import enable
from tests.events import row
from tests.log import ALICE, Log

_SET_USER = Write[Any](
    update(events).where(events.c.id == bindparam("event")).values(created_by_user_id=bindparam("user"))
)


def test_an_empty_log_has_nothing_in_its_archive(log: Log, tmp_path: Path) -> None:
    archive = Archive(place_in(tmp_path))
    assert log.read(archive.rows, [1, 5]) == []
    assert log.read(archive.between, 1, 9) == []
    assert log.read(archive.first_id, 0) is None
    rows = LogRows(archive)
    assert log.read(rows.first_ids, [0, 3_600_000]) == [None, None]
    with pytest.raises(Unavailable, match="Event 1 is neither"):
        log.read(rows.of, [1])
    assert archiver(log, place_in(tmp_path)).run(ALICE) == Moved(0, 0)


@pytest.mark.parametrize("due", [0, 1, 2])
def test_exactly_what_is_due_moves(log: Log, tmp_path: Path, due: int) -> None:
    fill(log, 20)
    blobs = place_in(tmp_path)
    policy = RetentionPolicy(keep_events=20 - due)
    assert archiver(log, blobs, policy).run(ALICE) == Moved(min(due, 1), due)
    assert log.read(live.first_id) == due + 1
    assert [event.row.id for event in archived(log, blobs)] == list(range(1, due + 1))
    assert sum(segment.events for segment in log.read(store.segments)) == due


@pytest.mark.parametrize(("at_least", "moved"), [(4, 5), (5, 5), (6, 0)])
def test_fewer_than_are_worth_it_wait(log: Log, tmp_path: Path, at_least: int, moved: int) -> None:
    fill(log, 20)
    done = archiver(log, place_in(tmp_path), RetentionPolicy(keep_events=15)).run(ALICE, at_least=at_least)
    assert done.events == moved
    assert log.read(live.first_id) == moved + 1


def test_who_asked_for_a_pseudonym_may_be_forgotten_too(log: Log) -> None:
    """Those that are finished name who asked; one that is not is left to its own end."""
    grace = Actor("grace@example.com", 9, "203.0.113.7")
    for number, finished in ((1, 5), (2, None)):
        log.run(_add, number, grace, finished)
    replacement = Replacement("user-9", ["grace@example.com", "grace"])
    log.run(names_beside_the_log, replacement, 0)
    found = {each.user_id: each.asked_by for each in log.read(pseudonyms.all_pseudonyms)}
    assert "grace" not in found[1].name
    assert found[1].user_id == 9
    assert found[2] == grace


def _add(unit: Unit, number: int, asked_by: Actor, finished: int | None) -> None:
    new = Pseudonym(
        pseudonym=f"user-{number}", user_id=number, names=(), stage=ARCHIVED, position=0, reached=0, touched_first=None,
        touched_last=None, events=0, asked_by=asked_by, asked_at=1, finished_at=finished,
    )  # fmt: skip
    pseudonyms.add(unit.tx, new)
    if finished:
        pseudonyms.save(unit.tx, new)


def test_a_segment_must_have_exactly_its_events(log: Log, tmp_path: Path) -> None:
    """Its bytes may be sound, and still be those of other events."""
    fill(log, 20)
    archiver(log, place_in(tmp_path), RetentionPolicy(keep_events=10)).run(ALICE)
    (segment,) = log.read(store.segments)
    demand_ids([1, 2, 3], segment, 1)
    demand_ids([4], segment, 4)
    for ids, first in (([], 1), ([1, 3], 1), ([2, 3], 1), ([2, 1], 1), ([1, 1], 1), ([1, 2, 4], 1), ([4, 5], 3)):
        with pytest.raises(Unavailable, match="does not have the events"):
            demand_ids(ids, segment, first)


def test_rows_lie_in_groups_of_one_size() -> None:
    """So that one event is read without the rest of the file."""

    def source(first: int, last: int) -> list[StoredEvent]:
        return [StoredEvent(row(number), "feature/checkout", 0, ()) for number in range(first, last + 1)]

    packed = pack(source, 1, 2 * ROW_GROUP + 7, "segments")
    metadata = pq.ParquetFile(pa.BufferReader(packed.content)).metadata
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [ROW_GROUP, ROW_GROUP, 7]


def test_events_without_a_user_are_nobodys(log: Log, tmp_path: Path) -> None:
    """As imported ones may be; what they say of users counts all the same."""
    log.run(enable, "a", "b", "c")
    log.units.run_now(Actor("grace@example.com", 9), enable, "d")
    log.run(access.seed)
    log.run(users.create, draft(username="ada", email="ada@example.com", root_role=3))
    last = log.count()
    log.run(_leave_to_nobody, 1, 3, last)
    archiver(log, place_in(tmp_path), RetentionPolicy(keep_events=0)).run(ALICE)
    archive = Archive(place_in(tmp_path))
    for user_id, types, expected in ((9, ["user-created"], [4, last]), (9, [], [4]), (8, [], [])):
        found = log.read(archive.about_user, user_id, types, 1, last)
        assert [event.id for event in found] == expected, (user_id, types)


def _leave_to_nobody(unit: Unit, *event_ids: int) -> None:
    unit.tx.write_many(_SET_USER, [{"event": event_id, "user": None} for event_id in event_ids])
