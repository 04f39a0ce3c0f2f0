"""Backups: one moment of the database, from either kind into either kind, and nothing when anything is wrong."""

import io
import stat
import tarfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.read import log_position
from flagkeeper.eventlog.restore import restore
from flagkeeper.features.searches import commands as searches
from flagkeeper.features.searches.model import SearchDraft
from flagkeeper.features.segments import commands, queries
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.first_start import first_start
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.change_context import NO_CONTEXT
from flagkeeper.kernel.errors import BadData, Conflict, NameExists
from flagkeeper.schema import metadata
from flagkeeper.settings import Settings
from flagkeeper.storage.backup import LEFT_OUT, Contents, back_up
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.migrate import newest_revision
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction
from tests.databases import Run, fresh_postgresql, fresh_sqlite
from tests.log import Log

OPERATOR = Actor("cli:ops", -2)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def target(request: pytest.FixtureRequest, run: Run, tmp_path: Path) -> Iterator[Log]:
    """Where backups are restored: a fresh database, of the same kind as the other one and of the other kind."""
    with fresh_sqlite(run, tmp_path) if request.param == "sqlite" else fresh_postgresql(run) as url:
        log = Log(url)
        yield log
        log.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "flags.backup"


def draft(name: str) -> SegmentDraft:
    constraint = Constraint(context_name="country", operator="IN", values=["é", "日本", 'a"b\n'])
    return SegmentDraft(name=name, description=None, constraints=[constraint], project=None)


def save(log: Log, file: Path) -> Contents:
    return back_up(log.database, metadata, file, lambda done, total: None)


def bring_back(log: Log, file: Path) -> Contents:
    return restore(log.database, metadata, file, OPERATOR, NO_CONTEXT, lambda done, total: None)


def rows(tx: Transaction) -> dict[str, list[Any]]:
    """Everything that is in the tables."""
    return {
        table.name: sorted(tx.all(Query(select(*table.columns), columns)), key=repr)
        for table in metadata.sorted_tables
        if table.name not in LEFT_OUT
    }


async def test_everything_comes_back_with_an_event_that_says_so(log: Log, target: Log, file: Path) -> None:
    settings = Settings(admin_password="Correct-horse-1", admin_tokens=("*:*.known",))
    await first_start(log.units, log.reader, settings)
    for name in ("beta testers", "staff"):
        log.run(commands.create, draft(name))
    for shared in (True, False):
        wanted = SearchDraft(name=f"shared: {shared}", query='"é"', shared=shared)
        log.units.run_now(Actor("admin", 1), searches.create, wanted)
    before, last = log.read(rows), log.read(log_position)
    assert len(before["saved_searches"]) == 2

    save(log, file)
    bring_back(target, file)

    after = target.read(rows)
    after.pop("events")
    ((head_id, new_epoch, last_id, _),) = after.pop("log_head")
    assert (head_id, last_id) == (1, last.last_id + 1)
    assert new_epoch != last.epoch
    for name in ("events", "log_head"):
        before.pop(name)
    assert after == before
    newest, *older = target.events()
    assert older == log.events()
    assert (newest.type, newest.created_by, newest.created_by_user_id) == ("flagkeeper-restored", "cli:ops", -2)
    assert msgspec.json.decode(newest.data or "") == {"epoch": new_epoch, "lastId": last.last_id}


def test_life_goes_on_after_a_restore(log: Log, target: Log, file: Path) -> None:
    first = log.run(commands.create, draft("first"))
    save(log, file)
    bring_back(target, file)

    second = target.run(commands.create, draft("second"))

    assert second.id == first.id + 1
    assert [event.id for event in target.events(limit=10)] == [3, 2, 1]
    with pytest.raises(NameExists):
        target.run(commands.create, draft("first"))


def test_a_backup_during_writes_is_one_moment(log: Log, target: Log, file: Path) -> None:
    """While others write: no hole in the log, and the state is exactly what the log says."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            log.run(commands.create, draft(f"segment {threading.get_ident()}-{number}"))
            if number % 100 == 0:
                stop.wait(1)  # 300 segments are the limit

    for number in range(20):
        log.run(commands.create, draft(f"early {number}"))
    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        contents = save(log, file)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    bring_back(target, file)

    found = target.events("type:segment-created")
    assert [event.id for event in found] == list(range(len(found), 0, -1))
    assert contents.tables["events"].rows == len(found)
    named = {msgspec.json.decode(event.data or "")["name"] for event in found}
    assert named == {segment.name for segment in target.read(queries.all_segments)}
    assert target.read(log_position).last_id == len(found) + 1


def test_a_database_with_a_past_is_left_alone(log: Log, target: Log, file: Path) -> None:
    log.run(commands.create, draft("theirs"))
    save(log, file)
    target.run(commands.create, draft("ours"))

    with pytest.raises(Conflict, match="is not empty: it has 1 events"):
        bring_back(target, file)

    assert [segment.name for segment in target.read(queries.all_segments)] == ["ours"]


def test_a_backup_is_for_its_owner_only_and_never_replaces_a_file(log: Log, file: Path) -> None:
    save(log, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(Conflict, match="exists already"):
        save(log, file)
    assert list(file.parent.glob("*.partial")) == []


def test_a_backup_that_fails_leaves_no_file(log: Log, file: Path) -> None:
    def fail(done: int, total: int) -> None:
        raise OSError("no space")

    log.run(commands.create, draft("one"))
    with pytest.raises(OSError, match="no space"):
        back_up(log.database, metadata, file, fail)
    assert list(file.parent.glob("*.backup*")) == []


def test_progress_ends_at_the_total(log: Log, target: Log, file: Path) -> None:
    for number in range(3):
        log.run(commands.create, draft(str(number)))
    seen: list[tuple[int, int]] = []
    contents = back_up(log.database, metadata, file, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (contents.rows(), contents.rows())
    seen.clear()
    restore(target.database, metadata, file, OPERATOR, NO_CONTEXT, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (contents.rows(), contents.rows())


def change(file: Path, alter: Any, rename: Mapping[str, str] | None = None) -> None:
    """Rewrites an archive: `alter(name, content)` gives each member's new content, or None to drop it."""
    out = io.BytesIO()
    with tarfile.open(file, "r:gz") as old, tarfile.open(fileobj=out, mode="w:gz") as new:
        for member in old:
            extracted = old.extractfile(member)
            assert extracted is not None
            content = alter(member.name, extracted.read())
            if content is not None:
                member.name = (rename or {}).get(member.name, member.name)
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
    file.write_bytes(out.getvalue())


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


def cut_off_by_a_byte(file: Path) -> None:
    """All rows are there, and the file is still not the one that was written."""
    file.write_bytes(file.read_bytes()[:-1])


def cut_off_cleanly(file: Path) -> None:
    change(file, lambda name, content: None if name == "checksums.json" else content)


def lose_an_event(file: Path) -> None:
    change(file, lambda name, content: content.split(b"\n", 1)[1] if name.startswith("events/") else content)


def rewrite_an_event(file: Path) -> None:
    change(file, lambda name, content: content.replace(b"alice", b"mallo") if name.startswith("events/") else content)


def name_a_stranger(file: Path) -> None:
    change(file, lambda name, content: content, rename={"events/000001.jsonl": "../../etc/passwd"})


def no_archive(file: Path) -> None:
    file.write_bytes(b"PRAGMA nothing of ours")


def empty_archive(file: Path) -> None:
    with tarfile.open(file, "w:gz"):
        pass


def other_format(file: Path) -> None:
    change(file, lambda name, content: content.replace(b'"format": 1', b'"format": 9'))


def other_schema(file: Path) -> None:
    change(
        file,
        lambda name, content: content.replace(f'"revision": "{newest_revision()}"'.encode(), b'"revision": "0000"'),
    )


def other_columns(file: Path) -> None:
    change(file, lambda name, content: content.replace(b'"pre_data",', b'"before",'))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut_off, "is no backup, or it is damaged"),
        (cut_off_by_a_byte, "is no backup, or it is damaged"),
        (cut_off_cleanly, "are not those that were written"),
        (lose_an_event, "are not those that were written"),
        (rewrite_an_event, "the rows of events are not those"),
        (name_a_stranger, "belongs to no table"),
        (no_archive, "is no backup"),
        (empty_archive, "does not begin with backup.json"),
        (other_format, "has format 9"),
        (other_schema, "has schema 0000"),
        (other_columns, "Restore it with"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_is_wrong_is_said_and_the_database_stays_empty(
    log: Log, target: Log, file: Path, damage: Any, reason: str
) -> None:
    log.run(commands.create, draft("one"))
    log.run(commands.create, draft("two"))
    save(log, file)
    damage(file)
    before = target.read(rows)

    with pytest.raises(BadData, match=reason):
        bring_back(target, file)

    assert target.read(rows) == before
    target.run(commands.create, draft("three"))


def test_the_tables_are_such_that_a_backup_can_hold_them() -> None:
    for table in metadata.sorted_tables:
        if table.name in LEFT_OUT:
            continue
        assert table.autoincrement_column is None, f"{table.name}: a restore repeats its numbers: use `sequences`"
        assert all(key.column.table is not table for key in table.foreign_keys), f"{table.name} refers to itself"


def test_a_database_that_was_never_migrated_cannot_be_backed_up(tmp_path: Path, file: Path) -> None:
    with pytest.raises(Conflict, match="flagkeeper migrate"):
        back_up(parse_database_url(f"sqlite:///{tmp_path / 'new.db'}"), metadata, file, lambda done, total: None)
