"""The promises of a unit of work, on both databases: change and event together, or neither."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import bindparam, insert, select, update

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.append import _INSERT
from flagkeeper.eventlog.tables import events
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.segments import commands, queries, store
from flagkeeper.features.segments.model import Segment, SegmentDraft
from flagkeeper.features.segments.tables import segments
from flagkeeper.kernel.errors import LimitExceeded, NameExists, SilentChange
from flagkeeper.storage import sequences
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction
from tests.log import ALICE, Log

_RENAME = Write[Any](update(segments).where(segments.c.id == bindparam("id")).values(name=bindparam("new_name")))


def draft(name: str, **changes: Any) -> SegmentDraft:
    return SegmentDraft(**{"name": name, "description": None, "constraints": [], "project": None, **changes})


def test_a_change_and_its_event_are_stored_together(log: Log) -> None:
    segment = log.run(commands.create, draft("beta testers"))

    (event,) = log.events(limit=10)
    assert (event.id, event.type, event.created_by, event.created_by_user_id) == (1, "segment-created", ALICE.name, 7)
    assert event.ip == "203.0.113.9"
    assert log.reader.now(queries.segment, segment.id) == segment


def test_a_change_without_an_event_is_refused_and_undone(log: Log) -> None:
    def forget_the_event(unit: Unit) -> None:
        segment = Segment(
            id=1, name="x", description=None, constraints=[], project=None, created_by="me", created_at=unit.now
        )
        store.add(unit.tx, segment)

    with pytest.raises(SilentChange, match="segment/1 was changed"):
        log.run(forget_the_event)
    assert log.reader.now(queries.all_segments) == []


@pytest.mark.parametrize("method", ["write_many", "later"])
def test_rows_that_are_written_together_need_events_too(log: Log, method: str) -> None:
    first = log.run(commands.create, draft("first"))

    def forget_the_event(unit: Unit) -> None:
        getattr(unit.tx, method)(_RENAME, [{"id": first.id, "new_name": "renamed"}])

    with pytest.raises(SilentChange, match=f"segment/{first.id} was changed"):
        log.run(forget_the_event)
    assert [segment.name for segment in log.reader.now(queries.all_segments)] == ["first"]


_COUNT = Write(
    insert(sequences.sequences)
    .values(name=bindparam("sequence"), last=bindparam("number"))
    .returning(sequences.sequences.c.last),
    int,
)
_COUNTED = Query(select(sequences.sequences.c.last).where(sequences.sequences.c.name == "counted"), int)
_ROW = {"sequence": "counted", "number": 1}


@pytest.mark.parametrize(
    "write",
    [
        lambda tx: tx.write(_COUNT, **_ROW),
        lambda tx: tx.write_returning(_COUNT, **_ROW),
        lambda tx: tx.write_many(_COUNT, [_ROW]),
        lambda tx: tx.later(_COUNT, [_ROW]),
        lambda tx: tx.copy_in(sequences.sequences, ["name", "last"], [("counted", 1)]),
    ],
    ids=["write", "write_returning", "write_many", "later", "copy_in"],
)
def test_a_unit_that_fails_leaves_nothing_however_it_wrote(log: Log, write: Callable[[Transaction], Any]) -> None:
    """Others of its batch are committed all the same."""

    def fail(unit: Unit) -> None:
        write(unit.tx)
        raise LookupError

    with pytest.raises(LookupError):
        log.run(fail)
    assert log.read(lambda tx: tx.all(_COUNTED)) == []
    log.run(lambda unit: write(unit.tx))
    assert log.read(lambda tx: tx.all(_COUNTED)) == [1]


def test_an_event_on_another_subject_does_not_cover_a_change(log: Log) -> None:
    first = log.run(commands.create, draft("first"))
    second = log.run(commands.create, draft("second"))

    def change_both_record_one(unit: Unit) -> None:
        commands.update(unit, first.id, draft("renamed"), lambda tx, ids: {})
        store.remove(unit.tx, second.id)

    with pytest.raises(SilentChange, match=f"segment/{second.id}"):
        log.run(change_both_record_one)
    assert [segment.name for segment in log.reader.now(queries.all_segments)] == ["first", "second"]
    assert log.count() == 2


def test_an_event_that_cannot_be_stored_aborts_the_change(log: Log) -> None:
    log.run(commands.create, draft("first"))
    log.units.writer.submit(_StealTheNextId()).result()

    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        log.run(commands.create, draft("second"))
    assert [segment.name for segment in log.reader.now(queries.all_segments)] == ["first"]


class _StealTheNextId:
    """Puts a foreign row where the log's next event belongs."""

    group_id = "thief"

    def run(self, tx: Any, now: int) -> None:
        row = dict.fromkeys(events.columns.keys())
        text = dict.fromkeys(("type", "created_by", "tags", "label", "summary", "ip", "subject"), "")
        tx.write(_INSERT, **{**row, **text, "id": 2, "created_at": 1, "reach": 0})


def test_one_failing_unit_of_a_batch_harms_no_other(log: Log) -> None:
    """Submitted at once, so that they share a commit."""
    names = [f"segment {i % 20}" for i in range(60)]
    futures = [log.submit(commands.create, draft(name)) for name in names]

    outcomes = [future.exception(timeout=30) for future in futures]

    assert sum(outcome is None for outcome in outcomes) == 20
    assert {type(outcome) for outcome in outcomes if outcome} == {NameExists}
    assert log.count() == 20
    assert len(log.reader.now(queries.all_segments)) == 20


async def test_an_event_loop_is_woken_once_for_a_commit(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody who waits there gets their own outcome; who gave up before it began changes nothing."""
    held, go_on = threading.Event(), threading.Event()

    def hold(_unit: Unit) -> None:
        held.set()
        assert go_on.wait(30)

    first = log.submit(hold)
    assert await asyncio.to_thread(held.wait, 30)
    waiting = [asyncio.ensure_future(log.units.run(ALICE, commands.create, draft(name))) for name in "abca"]
    left = asyncio.ensure_future(log.units.run(ALICE, commands.create, draft("left")))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    loop = asyncio.get_running_loop()
    woken: list[Any] = []
    wake = loop.call_soon_threadsafe

    def note(*call: Any) -> Any:
        woken.append(call)
        return wake(*call)

    monkeypatch.setattr(loop, "call_soon_threadsafe", note)
    go_on.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in outcomes] == [Segment, Segment, Segment, NameExists]
    assert len(woken) == 1
    assert first.exception(timeout=30) is None
    assert [segment.name for segment in log.reader.now(queries.all_segments)] == ["a", "b", "c"]


def test_one_unit_whose_event_cannot_be_written_harms_no_other_of_its_batch(log: Log) -> None:
    """Events are written when all of a batch have run: what fails there is no error of the database, and nobody's
    transaction."""
    held, go_on = threading.Event(), threading.Event()

    def hold(_unit: Unit) -> None:
        held.set()
        assert go_on.wait(30)

    first = log.submit(hold)
    assert held.wait(30)
    bad = log.units.submit(replace(ALICE, ip="\ud800"), commands.create, draft("bad"))
    good = [log.submit(commands.create, draft(name)) for name in ("a", "b")]
    go_on.set()
    assert first.exception(timeout=30) is None
    assert isinstance(bad.exception(timeout=30), UnicodeEncodeError)
    assert [future.exception(timeout=30) for future in good] == [None, None]
    assert [segment.name for segment in log.reader.now(queries.all_segments)] == ["a", "b"]
    assert log.count() == 2


def test_nothing_changed_records_nothing(log: Log) -> None:
    segment = log.run(commands.create, draft("same"))
    log.run(commands.update, segment.id, draft("same"), lambda tx, ids: {})
    assert log.count() == 1


def test_ids_start_at_one_and_have_no_holes_after_failures(log: Log) -> None:
    for name in ("a", "a", "b", "a", "c"):
        try:
            log.run(commands.create, draft(name))
        except NameExists:
            continue
    found = log.events(limit=10)
    assert [event.id for event in found] == [3, 2, 1]


def test_previous_state_and_version_are_kept(log: Log) -> None:
    segment = log.run(commands.create, draft("a"))
    constraint = Constraint(context_name="userId", operator="IN", values=["1"])
    log.run(commands.update, segment.id, draft("b", constraints=[constraint]), lambda tx, ids: {})

    newest = log.events(limit=1)[0]
    assert newest.pre_data is not None
    assert newest.data is not None
    assert '"name":"a"' in newest.pre_data
    assert '"values":["1"]' in newest.data


def test_a_unit_with_too_many_events_is_refused(log: Log) -> None:
    def many(unit: Unit) -> None:
        for i in range(300):
            segment = commands.create(unit, draft(f"s{i}"))
            commands.update(unit, segment.id, draft(f"t{i}"), lambda tx, ids: {})

    with pytest.raises(LimitExceeded, match="more than 500 events"):
        log.run(many)
    assert log.count() == 0


def test_the_bell_rings_after_the_commit(log: Log) -> None:
    log.run(commands.create, draft("a"))
    assert log.log_signal.last_id == 1
