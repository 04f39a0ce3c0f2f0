"""How many events an export holds at a time: more and more while they are small, and few when they are large."""

from collections.abc import Callable, Iterator

import pytest

from flagkeeper.eventlog.export import source
from flagkeeper.eventlog.export.source import Batch, Indexed, Scan, Source, Wanted
from flagkeeper.eventlog.query import ALL, EVERYTHING
from flagkeeper.eventlog.read import LogRows
from tests.events import SearchedLog, row, write_log

EVENTS = 100
CHARACTERS = 50
"""Of the payload of each event."""


@pytest.fixture
def searched(database_url: str) -> Iterator[SearchedLog]:
    log = SearchedLog(database_url)
    data = '"' + "x" * (CHARACTERS - 2) + '"'
    write_log(log.database, [row(number, data=data) for number in range(1, EVENTS + 1)])
    log.load()
    yield log
    log.close()


def scan(log: SearchedLog) -> Source:
    return Scan(log.reader, LogRows())


def indexed(log: SearchedLog) -> Source:
    return Indexed(log.reader, LogRows(), log.search)


@pytest.mark.parametrize("make", [scan, indexed])
@pytest.mark.parametrize(
    ("room", "begin"),
    [
        (10**9, [2, 4, 8, 16, 16, 16]),
        (16 * CHARACTERS, [2, 4, 8, 16, 16]),
        (5 * CHARACTERS, [2, 4, 5, 5, 5]),
        (CHARACTERS, [2, 2, 2]),
        (1, [2, 2, 2]),
    ],
)
async def test_batches_grow_as_far_as_there_is_room(
    searched: SearchedLog,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[SearchedLog], Source],
    room: int,
    begin: list[int],
) -> None:
    for name, value in (("SMALLEST", 2), ("LARGEST", 16), ("BATCH_SIZE", room)):
        monkeypatch.setattr(source, name, value)
    wanted = Wanted(query=ALL, visibility=EVERYTHING, after=0, until=EVENTS)
    batches: list[Batch] = [batch async for batch in make(searched).batches(wanted)]
    sizes = [len(batch.rows) for batch in batches]
    assert sizes[: len(begin)] == begin
    assert max(sizes) == max(begin)
    assert [each.id for batch in batches for each in batch.rows] == list(range(1, EVENTS + 1))
