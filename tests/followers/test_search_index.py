"""The index of the log: what grew with the log is what would be built anew, whatever happened meanwhile."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, update

from flagkeeper.eventlog.follow import after
from flagkeeper.eventlog.index import store
from flagkeeper.eventlog.index.search import Search
from flagkeeper.eventlog.index.tables import (
    search_blocks,
    search_directories,
    search_names,
    search_terms,
    search_values,
)
from flagkeeper.eventlog.query import ALL, EVERYTHING, parse
from flagkeeper.eventlog.query.conditions import Field
from flagkeeper.eventlog.query.evaluate import Candidate, matches
from flagkeeper.eventlog.read import LogRows, View, log_position
from flagkeeper.eventlog.tables import events, log_head
from flagkeeper.kernel.errors import BadData, Unavailable
from flagkeeper.readmodels.timeline.timeline import Window, timeline
from flagkeeper.readmodels.timeline.what_changed import what_changed
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.statement import Query, Write, columns
from flagkeeper.storage.transaction import Transaction
from tests.events import SearchedLog, row, write_log
from tests.random_events import random_row

_TABLES = [
    Query(select(*table.c).order_by(*table.primary_key.columns), columns)
    for table in (search_blocks, search_terms, search_values, search_names, search_directories)
]


def everything(log: SearchedLog) -> list[list[Any]]:
    """What the index consists of, on disk."""
    return [log.reader.now(_all, query) for query in _TABLES]


def _all(tx: Transaction, query: "Query[Any]") -> list[Any]:
    return tx.all(query)


@pytest.fixture
def log(database_url: str) -> Any:
    found = SearchedLog(database_url)
    yield found
    found.close()


def grow(log: SearchedLog, rng: random.Random, first: int, last: int) -> None:
    """Events happen; the tail follows, and now and then a block is written."""
    for start in range(first, last + 1, 20):
        write_log(log.database, [random_row(rng, each) for each in range(start, min(last, start + 19) + 1)])
        log.reader.now(lambda tx: log.tail.apply(tx, [], log_position(tx)))
        if rng.random() < 0.4:
            log.indexer.complete(lambda _done, _all: None)


def test_grown_is_built(log: SearchedLog) -> None:
    rng = random.Random(5)
    log.load()
    grow(log, rng, 1, 300)
    log.indexer.complete(lambda _done, _all: None)
    grown = everything(log)
    log.indexer.build(lambda _done, _all: None)
    assert everything(log) == grown
    assert [block[:2] for block in grown[0]] == [(1, 127), (128, 255), (256, 287)]
    log.indexer.reindex(100, 200)
    log.indexer.complete(lambda _done, _all: None)
    assert everything(log) == grown


def test_a_directory_says_what_its_blocks_say(log: SearchedLog) -> None:
    rng = random.Random(11)
    write_log(log.database, [random_row(rng, each) for each in range(1, 700)])
    log.indexer.build(lambda _done, _all: None)
    blocks, terms, _, _, entries = everything(log)
    listed = {block: (into, bit) for block, _, _, into, bit in blocks}
    assert listed == {1: (1, 1), 128: (1, 2), 256: (256, 1), 384: (256, 2), 512: (None, 0), 640: (None, 0)}
    expected: dict[tuple[int, str], tuple[int, int]] = {}
    for block, term, events_of_term, _ in terms:
        into, bit = listed[block]
        if into is not None:
            bits, events_before = expected.get((into, term), (0, 0))
            expected[into, term] = (bits + bit, events_before + events_of_term)
    assert {(into, term): (bits, count) for into, term, bits, count in entries} == expected


def test_a_directory_goes_with_any_of_its_blocks_and_comes_back(log: SearchedLog) -> None:
    write_log(log.database, [row(each, project="even" if each % 2 == 0 else "odd") for each in range(1, 600)])
    log.indexer.build(lambda _done, _all: None)
    before = everything(log)
    change(log, Write(update(events).where(events.c.id == 10).values(project="gone")))
    log.indexer.reindex(10, 10)
    assert [block[3] for block in everything(log)[0]] == [None, None, 256, 256, None, None]
    assert log.total(parse("project:even", 0)) == 298
    assert log.find(parse("project:gone", 0)) == [10]
    log.indexer.complete(lambda _done, _all: None)
    assert [block[3] for block in everything(log)[0]] == [block[3] for block in before[0]]
    assert log.total(parse("project:even", 0)) == 298
    assert log.find(parse("project:gone", 0)) == [10]


@pytest.mark.parametrize(
    "query",
    ["project:rare", "rareword", "rare*", '"areword"', "project:rare rareword", "nowhere", "env:nowhere", "-rareword"],
)
def test_what_is_rare_is_found_behind_directories(log: SearchedLog, query: str) -> None:
    rare = {3, 127, 128, 300, 511, 512, 700, 1300}
    written = [
        row(each, project="rare", data='{"name":"rareword"}') if each in rare else row(each) for each in range(1, 1400)
    ]
    write_log(log.database, written)
    log.indexer.build(lambda _done, _all: None)
    asked = parse(query, 0)
    expected = [each.id for each in reversed(written) if matches(asked, Candidate(each))]
    assert log.find(asked) == expected
    assert log.find(asked, limit=2, offset=1) == expected[1:3]
    assert log.find(asked, after=100) == [each for each in expected[::-1] if each > 100]
    assert log.total(asked) == len(expected)
    assert log.reader.now(log.search.total, asked, EVERYTHING, before=512).events == sum(
        each < 512 for each in expected
    )


def test_tail_holds_what_is_not_on_disk_and_little_more(log: SearchedLog) -> None:
    rng = random.Random(6)
    log.load()
    grow(log, rng, 1, 400)
    log.indexer.complete(lambda _done, _all: None)
    grow(log, rng, 401, 402)
    now = log.reader.now(log_position)
    with log.tail.blocks(now.epoch) as blocks:
        assert [(block.first, block.last) for block in blocks] == [(384, 402)]
    with log.tail.blocks("another log") as blocks:
        assert blocks == []


def test_a_block_is_written_whole_or_not_at_all(log: SearchedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    write_log(log.database, [random_row(random.Random(7), each) for each in range(1, 200)])
    log.indexer.build(lambda _done, _all: None)
    before = everything(log)
    write_log(log.database, [random_row(random.Random(8), each) for each in range(200, 300)])
    packed = iter(range(50))
    monkeypatch.setattr(store, "pack", lambda ids: ids.serialize() if next(packed) < 49 else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        log.indexer.step()
    monkeypatch.undo()
    assert everything(log) == before
    log.load()
    assert log.total(ALL) == 299
    assert log.indexer.step() == (223, True)


def test_events_of_no_block_and_not_in_memory_are_found_all_the_same(log: SearchedLog) -> None:
    """As in a process whose tail has not been loaded yet."""
    write_log(log.database, [row(each, project="even" if each % 2 == 0 else "odd") for each in range(1, 51)])
    assert log.find(parse("project:even", 0), limit=2) == [50, 48]
    log.indexer.build(lambda _done, _all: None)
    write_log(log.database, [row(each, project="even") for each in range(51, 60)])
    assert log.total(parse("project:even", 0)) == 34


def test_too_many_events_without_an_index_are_an_error_that_says_so(log: SearchedLog) -> None:
    log.search = Search(log.tail, log.rows, most_scanned=30)
    write_log(log.database, [row(each) for each in range(1, 101)])
    with pytest.raises(Unavailable, match=r"is being built \(1 % done\)"):
        log.find(parse("project:default", 0))
    assert log.find(ALL, limit=1) == [100]


def test_an_index_of_another_log_is_dropped(log: SearchedLog) -> None:
    write_log(log.database, [row(each) for each in range(1, 101)])
    log.indexer.build(lambda _done, _all: None)
    log.indexer.verify()
    assert everything(log)[0]
    change(log, Write(update(log_head).values(epoch="restored")))
    assert log.total(parse("project:default", 0)) == 100
    log.indexer.verify()
    assert everything(log)[0] == []


def test_an_index_that_is_ahead_of_its_log_is_dropped(log: SearchedLog) -> None:
    """An older copy of the database was put in the place of the one that was indexed."""
    write_log(log.database, [row(each) for each in range(1, 101)])
    log.indexer.build(lambda _done, _all: None)
    change(log, Write(update(events).where(events.c.id == 95).values(created_at=1)))
    log.indexer.verify()
    assert everything(log)[0] == []
    log.indexer.build(lambda _done, _all: None)
    change(log, Write(update(log_head).values(last_id=90)))
    log.indexer.verify()
    assert everything(log)[0] == []


def test_an_event_that_is_no_json_is_found_by_its_envelope(log: SearchedLog) -> None:
    write_log(log.database, [row(1, data="{broken", feature_name="odd-one"), row(2)])
    log.load()
    assert log.find(parse("flag:odd-one", 0)) == [1]


def test_very_many_values_end_a_search_early_and_it_says_so(log: SearchedLog) -> None:
    log.search = Search(log.tail, log.rows, most_values=40)
    write_log(log.database, [row(each, data=f'{{"name":"thing {each}"}}') for each in range(1, 301)])
    log.indexer.build(lambda _done, _all: None)
    log.load()
    query = parse('"thing"', 0)
    page = log.reader.now(log.search.find, query, EVERYTHING, limit=10)
    assert (page.ids[0], len(page.ids), page.complete) == (300, 10, True)
    rest = log.reader.now(log.search.find, query, EVERYTHING, limit=1000)
    total = log.reader.now(log.search.total, query, EVERYTHING)
    assert not rest.complete
    assert not total.exact
    assert total.events == len(rest.ids) < 300

    shown = Log(log.search, log.rows, EVERYTHING, View("http://flagkeeper.test", with_ip=True))
    window = Window(start=0, end=2**42, environment=None, query=query)
    with pytest.raises(Unavailable, match="Ask for less"):
        log.reader.now(timeline, shown, window)
    with pytest.raises(Unavailable, match="Ask for less"):
        log.reader.now(what_changed, shown, window, 2**42, 1_000)


def change(log: SearchedLog, write: "Write[Any]") -> None:
    connection = log.database.connect()
    connection.begin()
    Transaction(connection).write(write)
    connection.commit()
    connection.close()


def test_rewritten_events_are_read_anew(log: SearchedLog) -> None:
    """A name that was forgotten is forgotten in memory, too."""
    write_log(log.database, [row(1, created_by="alice"), row(2)])
    log.load()
    change(log, Write(update(events).where(events.c.id == 1).values(created_by="somebody")))
    write_log(log.database, [row(3, type="flagkeeper-actor-pseudonymised")])

    def follow(tx: Transaction) -> None:
        log.tail.apply(tx, after(tx, 2, log.tail.wants), log_position(tx))

    log.reader.now(follow)
    assert log.find(parse("by:alice", 0)) == []
    assert log.find(parse("by:somebody", 0)) == [1]


def test_rows_are_never_silently_missing(log: SearchedLog) -> None:
    write_log(log.database, [row(1)])
    with pytest.raises(Unavailable, match="Event 2 is neither"):
        log.reader.now(LogRows().of, [1, 2])


def test_a_tail_that_is_ahead_of_a_transaction_shows_it_nothing_newer(log: SearchedLog) -> None:
    write_log(log.database, [row(1), row(2)])
    log.load()

    def read(tx: Transaction) -> None:
        assert log_position(tx).last_id == 2
        write_log(log.database, [row(3)])
        log.reader.now(lambda later: log.tail.apply(later, [], log_position(later)))
        assert log.search.newest_of(tx, EVERYTHING, Field.USER) == {"7": 2}
        assert log.search.find(tx, parse("user:7", 0), EVERYTHING, limit=5).ids == [2, 1]
        assert log.search.total(tx, parse("user:7", 0), EVERYTHING).events == 2
        assert log.search.grouped(tx, ALL, EVERYTHING, [Field.USER]).of("u:") == {"7": [2]}

    log.reader.now(read)
    assert log.find(parse("user:7", 0)) == [3, 2, 1]


def test_building_anew_beside_a_running_server(log: SearchedLog) -> None:
    write_log(log.database, [row(each) for each in range(1, 301)])
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(log.indexer.build, lambda _done, _all: None) for _ in range(3)]
        running += [pool.submit(log.indexer.complete, lambda _done, _all: None) for _ in range(5)]
        for each in running:
            each.result(timeout=60)
    assert [block[:2] for block in everything(log)[0]] == [(1, 127), (128, 255), (256, 287)]


def test_patterns_that_stand_for_too_much_are_refused(log: SearchedLog) -> None:
    write_log(log.database, [row(each, feature_name=f"flag-{each % 50}", project=f"p{each}") for each in range(1, 300)])
    log.indexer.build(lambda _done, _all: None)
    log.search = Search(log.tail, log.rows, most_names=60)
    assert log.total(parse("flag:*", 0)) == 299
    for query in ("project:*", "flag:* project:p1*", "flag:*,*f*,flag-1 -project:p1*"):
        with pytest.raises(BadData, match="stands for more than 60 different names"):
            log.find(parse(query, 0))
        with pytest.raises(BadData, match="stands for more than 60 different names"):
            log.total(parse(query, 0))


@pytest.mark.parametrize("query", ["flag:*", "-flag:flag-1*", "flag:*1,*2 project:even", "flag:* rare", "changed:x"])
def test_many_names_are_asked_a_few_blocks_at_a_time(log: SearchedLog, query: str) -> None:
    written = [
        row(each, feature_name=f"flag-{each % 50}", project="even" if each % 2 == 0 else "odd", data='{"x":"rare"}')
        for each in range(1, 900)
    ]
    write_log(log.database, written)
    log.indexer.build(lambda _done, _all: None)
    log.search = Search(log.tail, log.rows, most_rows=20)
    expected = [each.id for each in reversed(written) if matches(parse(query, 0), Candidate(each))]
    assert log.find(parse(query, 0), limit=1_000) == expected
    assert log.find(parse(query, 0), after=100, limit=1_000) == [each for each in expected[::-1] if each > 100]
    assert log.total(parse(query, 0)) == len(expected)
