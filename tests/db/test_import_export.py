"""Export, import, export: the same bytes. And what an import refuses, it leaves no trace of."""

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from flagkeeper.eventlog.export import FormatName
from flagkeeper.eventlog.export.run import Export, Order, Piece, begin
from flagkeeper.eventlog.export.source import Batch, Indexed, Scan, Source, Wanted
from flagkeeper.eventlog.import_file import Imported, import_file
from flagkeeper.eventlog.index.search import Search
from flagkeeper.eventlog.query import ALL, EVERYTHING, Visibility, parse
from flagkeeper.eventlog.read import LogRows, View, log_position
from flagkeeper.eventlog.tables import events
from flagkeeper.features.environments import commands as environments
from flagkeeper.kernel.errors import BadData, Conflict, Unavailable
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction
from tests.databases import Run, fresh_sqlite
from tests.event_lines import lines
from tests.events import SearchedLog
from tests.log import ALICE, Log

pytestmark = pytest.mark.slow

ADDRESS = "http://flagkeeper.test"
VIEW = View(ADDRESS, with_ip=True)
N = 1_500
"""Events of most tests here."""
COUNT = Query(select(func.count()).select_from(events), int)


def order(**changes: Any) -> Order:
    given: dict[str, Any] = {"format": FormatName.NDJSON, "query": ALL, "visibility": EVERYTHING, "view": VIEW}
    return Order(**{**given, **changes})


def imported(log: Log, content: bytes) -> Imported:
    return import_file(log.database, io.BytesIO(content), ADDRESS, lambda _read, _verified: None)


def pieces(log: Log, wanted: Order) -> list[Piece]:
    async def run() -> list[Piece]:
        export = await begin(ALICE, wanted, Scan(log.reader, LogRows()), log.reader, log.units)
        return [piece async for piece in export.pieces()]

    return asyncio.run(run())


def exported(log: Log, **wanted: Any) -> bytes:
    return b"".join(piece.content for piece in pieces(log, order(**wanted)))


def ids(content: bytes) -> list[int]:
    return [json.loads(line)["id"] for line in content.splitlines()]


@pytest.fixture(scope="module")
def content() -> bytes:
    return b"".join(lines(N))


@pytest.fixture
def filled(log: Log, content: bytes) -> Log:
    imported(log, content)
    return log


def test_a_log_moves_to_another_database_and_back(log: Log, run: Run, tmp_path: Path) -> None:
    content = b"".join(lines(5_000))
    done = imported(log, content)
    first = exported(log)

    assert (done.events, done.last_id) == (5_000, 5_000)
    assert done.sha256 == hashlib.sha256(first).hexdigest(), "what it verified is what an export gives"
    assert ids(first) == list(range(1, 5_001))
    for line, original in zip(first.splitlines(), content.splitlines(), strict=True):
        event, before = json.loads(line), json.loads(original)
        assert {name: event[name] for name in before} == before
        assert event["label"]
        assert event["summary"]
        assert event["ip"] == ""
    with fresh_sqlite(run, tmp_path) as url:
        other = Log(url)
        assert imported(other, first) == done
        assert exported(other) == first
        other.close()


def test_groups_and_addresses_come_back(log: Log, run: Run, tmp_path: Path) -> None:
    log.run(environments.seed)
    recorded = exported(log)
    assert b'"groupType":"transaction","groupId":"' in recorded
    assert b'"ip":"203.0.113.9"' in recorded
    with fresh_sqlite(run, tmp_path) as url:
        other = Log(url)
        imported(other, recorded)
        assert exported(other) == recorded
        other.close()


def test_what_follows_an_import_comes_after_it(filled: Log) -> None:
    filled.run(environments.seed)

    added = exported(filled, after=N)
    assert ids(added)[0] == N + 1
    times = [json.loads(line)["createdAt"] for line in exported(filled, after=N - 10).splitlines()]
    assert times == sorted(times)


def broken(content: bytes, number: int, **changes: Any) -> bytes:
    """The file, with something changed in one line (counted from 1)."""
    found = content.splitlines(keepends=True)
    found[number - 1] = json.dumps({**json.loads(found[number - 1]), **changes}).encode() + b"\n"
    return b"".join(found)


@pytest.mark.parametrize(
    ("number", "changes", "problem"),
    [
        (1_400, {"createdAt": "2020-01-01T00:00:00Z"}, "Line 1400: createdAt is earlier"),
        (1_432, {"data": 5}, "Line 1432: data must be"),
        (1_500, {"createdBy": ""}, "Line 1500: createdBy"),
        (2, {"id": 2}, "Line 2: id is there"),
        (1, {"id": 1}, "Line 2: id is missing"),
    ],
)
def test_a_bad_line_leaves_nothing(
    log: Log, content: bytes, number: int, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(BadData, match=problem):
        imported(log, broken(content, number, **changes))

    assert (log.read(lambda tx: tx.first(COUNT)), log.read(log_position).last_id) == (0, 0)
    assert imported(log, content).events == N, "and does not stand in the way of the mended file"


def test_a_file_that_was_cut_is_refused(log: Log, content: bytes) -> None:
    with pytest.raises(BadData, match="Line 1500: "):
        imported(log, content[:-30])
    with pytest.raises(BadData, match="no event in the file"):
        imported(log, b"")
    assert log.count() == 0


def test_only_a_log_without_events_takes_an_import(log: Log, content: bytes) -> None:
    log.run(environments.seed)
    before = exported(log)
    with pytest.raises(Conflict, match="events already"):
        imported(log, content)
    assert exported(log).startswith(before)


def test_what_the_database_does_not_give_back_as_it_was_is_not_kept(
    log: Log, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lossy(tx: Transaction, table: Any, columns: Any, rows: Iterator[tuple[Any, ...]]) -> int:
        return copy_in(tx, table, columns, (row for row in rows if row[0] != 1_234))

    copy_in = Transaction.copy_in
    monkeypatch.setattr(Transaction, "copy_in", lossy)
    with pytest.raises(Conflict, match="gave back 1499 events"):
        imported(log, content)
    assert (log.count(), log.read(log_position).last_id) == (0, 0)


def test_an_export_goes_on_where_it_was_cut(filled: Log) -> None:
    whole = exported(filled)
    got: list[bytes] = []
    reached = 0
    for piece in pieces(filled, order()):
        if piece.events > 700:
            break
        got.append(piece.content)
        reached = piece.reached

    assert 0 < reached < N
    rest = pieces(filled, order(after=reached))
    again = b"".join([*got, *(piece.content for piece in rest)])
    assert again.startswith(whole)
    assert [json.loads(line)["type"] for line in again[len(whole) :].splitlines()] == ["flagkeeper-events-exported"] * 2


def test_it_ends_where_the_log_ended_and_is_recorded_first(filled: Log) -> None:
    async def run() -> tuple[Export, list[int]]:
        scan = Scan(filled.reader, LogRows())
        export = await begin(ALICE, order(query=parse("-type:x", 0), after=1_000), scan, filled.reader, filled.units)
        before = filled.count()
        filled.run(environments.seed)
        content = b"".join([piece.content async for piece in export.pieces()])
        assert before == N + 1, "the record is there before the first byte"
        return export, ids(content)

    export, found = asyncio.run(run())
    assert found == list(range(1_001, N + 1))
    (record,) = [json.loads(each) for each in exported(filled, after=N).splitlines() if b"events-exported" in each]
    assert record["createdBy"] == ALICE.name
    assert record["data"] == {
        "format": "ndjson",
        "query": "-type:x",
        "events": None,
        "firstId": 1_001,
        "lastId": N,
    }
    assert export.events is None


@pytest.mark.parametrize("limit", [0, 1, 155, 156, N - 1, N, 9_999])
def test_a_limit(filled: Log, limit: int) -> None:
    assert ids(exported(filled, limit=limit)) == list(range(1, min(limit, N) + 1))


def test_a_query_and_what_may_be_seen(filled: Log) -> None:
    everything = [json.loads(line) for line in exported(filled).splitlines()]
    created = ids(exported(filled, query=parse("type:feature-created project:project-1", 0)))
    seen = ids(exported(filled, visibility=Visibility(hidden_projects=frozenset({"project-1"})), limit=10_000))

    assert created == [e["id"] for e in everything if (e["type"], e["project"]) == ("feature-created", "project-1")]
    assert seen == [e["id"] for e in everything if e["project"] not in (None, "project-1")]


@pytest.mark.parametrize("ids_at_once", [90, 20_000])
@pytest.mark.parametrize("most_values", [1, 40, 50_000])
def test_the_index_finds_what_reading_everything_finds(
    filled: Log, database_url: str, monkeypatch: pytest.MonkeyPatch, most_values: int, ids_at_once: int
) -> None:
    """Also where a text is in more values than the index will look at."""
    monkeypatch.setattr("flagkeeper.eventlog.export.source.IDS", ids_at_once)
    searched = SearchedLog(database_url)
    searched.indexer.build(lambda _done, _all: None)
    filled.run(environments.seed)
    searched.load()
    indexed = Indexed(filled.reader, LogRows(), Search(searched.tail, searched.rows, most_values=most_values))
    readers = (EVERYTHING, Visibility(), Visibility(hidden_projects=frozenset({"project-2"})))
    questions = ("", "type:feature-*", "kill", '"ill swi"', '"e" project:project-1', '-"kill switch"', "flag:flag-07")
    for visibility, question in product(readers, questions):
        wanted = Wanted(query=parse(question, 0), visibility=visibility, after=100, until=N + 1)
        by_index, by_scan = (
            asyncio.run(ids_of(source, wanted)) for source in (indexed, Scan(filled.reader, LogRows()))
        )
        assert by_index == by_scan, (question, visibility)
    searched.close()


async def ids_of(source: Source, wanted: Wanted) -> list[int]:
    total = await source.total(wanted)
    found = [row.id async for batch in source.batches(wanted) for row in batch.rows]
    assert total in (None, len(found))
    return found


def test_large_events_are_read_a_few_at_a_time(log: Log) -> None:
    large = {"type": "feature-created", "createdBy": "a", "data": {"d": "x" * 300_000}}
    late = json.dumps({**large, "createdAt": "2026-01-01T00:00:00Z"}).encode() + b"\n"
    imported(log, b"".join(lines(30)) + late * 150)

    sizes = [len(piece.content) for piece in pieces(log, order())]
    assert sum(sizes) > 45_000_000
    assert max(sizes) < 16_000_000


def test_an_event_that_cannot_be_read_ends_the_export(filled: Log) -> None:
    connection = filled.database.connect()
    connection.begin()
    connection.run("DELETE FROM events WHERE id = 700", {})
    connection.commit()
    connection.close()

    with pytest.raises(Unavailable, match="neither in the database nor in the archive"):
        exported(filled)


def test_whoever_stops_taking_stops_the_work(filled: Log) -> None:
    read = 0
    ended = asyncio.Event()

    class Counted(Scan):
        async def batches(self, wanted: Wanted) -> AsyncIterator[Batch]:
            nonlocal read
            try:
                async for batch in super().batches(wanted):
                    read += len(batch.rows)
                    yield batch
            finally:
                ended.set()

    async def run() -> None:
        source: Source = Counted(filled.reader, LogRows())
        export = await begin(ALICE, order(), source, filled.reader, filled.units)
        async for piece in export.pieces():
            if piece.events:
                break
        await asyncio.wait_for(ended.wait(), 10)

    asyncio.run(run())
    assert 0 < read < 100
