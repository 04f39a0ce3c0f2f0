"""Which event is the first since a moment: for one moment, for many at once, and from what is remembered."""

from collections.abc import Sequence

from sqlalchemy import delete, update

from flagkeeper.eventlog.read import EventRow, LogEvent, LogRows
from flagkeeper.eventlog.tables import events, log_head
from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction
from tests.events import row, write_log

START = 1_770_000_000_000 // clock.HOUR * clock.HOUR


def event(number: int) -> EventRow:
    """Three every two hours."""
    return row(number, created_at=START + number // 3 * 2 * clock.HOUR)


class Cupboard:
    """An archive that has the first events."""

    def __init__(self, rows: list[EventRow]) -> None:
        self._rows = rows
        self.looks = 0

    def rows(self, tx: Transaction, ids: Sequence[int]) -> list[EventRow]:
        return [each for each in self._rows if each.id in ids]

    def between(self, tx: Transaction, first: int, last: int) -> list[EventRow]:
        return [each for each in self._rows if first <= each.id <= last]

    def log_events(self, tx: Transaction, first: int, last: int) -> list[LogEvent]:
        raise AssertionError("nobody follows the log here")

    def first_id(self, tx: Transaction, moment: Millis) -> int | None:
        self.looks += 1
        return next((each.id for each in self._rows if each.created_at >= moment), None)


def test_the_first_event_since_each_of_many_moments(database_url: str) -> None:
    database = parse_database_url(database_url)
    every = [event(number) for number in range(1, 61)]
    write_log(database, every[20:])
    archive = Cupboard(every[:20])
    reader, rows = Reader(database, threads=1), LogRows(archive)
    last = every[-1].created_at
    moments = [START - clock.DAY + step * clock.HOUR // 2 for step in range(200)]
    expected = [next((each.id for each in every if each.created_at >= moment), None) for moment in moments]

    assert [reader.now(rows.first_id, moment) for moment in moments] == expected
    for _ in range(2):
        assert reader.now(rows.first_ids, moments) == expected

    hours = [moment for moment in moments if moment % clock.HOUR == 0 and moment <= last]
    looks = archive.looks
    assert reader.now(rows.first_ids, hours) == [
        each for moment, each in zip(moments, expected, strict=True) if moment in hours
    ]
    assert archive.looks == looks, "full hours are remembered"

    write_log(database, [event(number) for number in range(61, 64)])
    assert reader.now(rows.first_ids, [last + clock.HOUR, hours[0]]) == [63, 1], "the future was not"
    assert reader.now(rows.first_ids, []) == []
    reader.stop()


def test_what_was_remembered_of_another_log_is_forgotten(database_url: str) -> None:
    """A backup was put in the log's place, in which other events happened at those times, or none."""
    database = parse_database_url(database_url)
    hours = [START + step * clock.HOUR for step in range(40)]
    write_log(database, [event(number) for number in range(1, 61)])
    reader, rows = Reader(database, threads=1), LogRows()
    before = reader.now(rows.first_ids, hours)
    assert before[0] == 1
    assert before[-1] == 60

    connection = database.connect()
    connection.begin()
    tx = Transaction(connection)
    tx.write(Write(delete(events)))
    tx.write(Write(update(log_head).values(epoch="restored", last_id=0)))
    connection.commit()
    connection.close()
    assert reader.now(rows.first_ids, hours) == [None] * 40
    write_log(database, [row(number, created_at=START + number * 10 * clock.HOUR) for number in range(1, 4)])
    assert reader.now(rows.first_ids, hours) == [1] * 11 + [2] * 10 + [3] * 10 + [None] * 9
    reader.stop()
