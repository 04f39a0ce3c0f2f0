"""A database that fails: what was acknowledged is kept, nobody hangs, and health turns red and green again."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import bindparam, func, insert, literal_column, select

from flagkeeper.eventlog.append import lock
from flagkeeper.eventlog.catalogue.payload import SegmentData
from flagkeeper.eventlog.catalogue.segment import SegmentCreated
from flagkeeper.eventlog.read import log_position
from flagkeeper.eventlog.tables import log_head
from flagkeeper.eventlog.unit import Unit
from flagkeeper.kernel.errors import OutcomeUnknown, Unavailable
from flagkeeper.storage import sequences
from flagkeeper.storage.connection import DRIVER_ERRORS, Connection
from flagkeeper.storage.database import Database, parse_database_url
from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.sqlite import SqliteConnection
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction
from flagkeeper.storage.writer import MOST_WAITING
from tests.cable import Cable
from tests.log import Log

WAIT = 30
"""Seconds after which a request counts as hanging."""


def record(unit: Unit, number: int, size: int = 10) -> int:
    data = SegmentData(id=number, name="x" * size, description=None, constraints=[], created_by="a", created_at="now")
    unit.record(SegmentCreated(data=data))
    return number


_COUNT = Write[Any](insert(sequences.sequences).values(name=bindparam("sequence"), last=bindparam("last")))


_COUNTED = Query(select(sequences.sequences.c.last).where(sequences.sequences.c.name == bindparam("sequence")), int)


class SmallDisk(Database, frozen=True, kw_only=True):
    """A SQLite database on a disk that is full at a number of pages, which the test may raise."""

    pages: list[int]

    def connect(self, *, readonly: bool = False, **given: Any) -> Connection:
        connection = super().connect(readonly=readonly, **given)
        assert isinstance(connection, SqliteConnection)
        if not readonly:
            connection.run(f"PRAGMA max_page_count = {self.pages[0]}", {})
        return connection


def test_a_full_disk_loses_nothing_acknowledged(sqlite_url: str) -> None:
    address = parse_database_url(sqlite_url).address
    disk = SmallDisk(Dialect.SQLITE, address, pages=[120])
    log = Log(disk)
    submitted: list[Future[int]] = [log.submit(record, number, 2_000) for number in range(400)]

    outcomes = [future.exception(timeout=WAIT) for future in submitted]

    refused = [outcome for outcome in outcomes if outcome is not None]
    assert refused, "the disk was meant to fill up"
    assert {type(outcome) for outcome in refused} == {Unavailable}
    assert not log.units.writer.healthy
    kept = 400 - len(refused)
    assert log.count() == kept

    disk.pages[0] = 100_000
    wait_until(lambda: log.units.writer.healthy)
    assert log.run(record, 1) == 1
    assert log.count() == kept + 1
    log.close()


@pytest.fixture
def cable(postgresql_url: str) -> Iterator[Cable]:
    parts = urlsplit(postgresql_url)
    cable = Cable((str(parts.hostname), int(parts.port or 5432)))
    yield cable
    cable.close()


def test_a_lost_server_loses_nothing_acknowledged(postgresql_url: str, cable: Cable) -> None:
    parts = urlsplit(postgresql_url)
    log = Log(parts._replace(netloc=f"postgres@127.0.0.1:{cable.port}").geturl())
    kept: list[int] = []
    refused: list[BaseException] = []
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                kept.append(log.submit(record, number).result(timeout=WAIT))
            except Unavailable as error:
                refused.append(error)
                time.sleep(0.01)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for _ in range(3):
        enough = len(kept) + 20
        wait_until(lambda enough=enough: len(kept) > enough)
        cable.cut()
        wait_until(lambda: not log.units.writer.healthy)
        with pytest.raises(Unavailable):
            log.read(log_position)
        # A short cut is bridged by the second try of a write: only one that lasts is seen by those who write.
        before = len(refused)
        wait_until(lambda before=before: len(refused) > before)
        cable.mend()
        wait_until(lambda: log.units.writer.healthy)
    stop.set()
    for writer in writers:
        writer.join(WAIT)
        assert not writer.is_alive(), "a request hangs"

    # A commit whose answer was cut off is not acknowledged, though it may have happened: at most one batch per cut.
    stored = log.count()
    assert len(kept) <= stored <= len(kept) + 3 * len(writers)
    log.close()


@pytest.fixture
def behind_cable(postgresql_url: str, cable: Cable) -> Iterator[Log]:
    """A log whose database can be cut off, or made to hang."""
    log = Log(urlsplit(postgresql_url)._replace(netloc=f"postgres@127.0.0.1:{cable.port}").geturl())
    log.run(record, 1)
    yield log
    cable.thaw()
    cable.mend()
    log.close()


@pytest.fixture
def direct(postgresql_url: str) -> Iterator[Log]:
    """The same log, with nothing in between."""
    log = Log(postgresql_url)
    yield log
    log.close()


def test_the_first_change_after_a_broken_connection_is_stored(behind_cable: Log, cable: Cable) -> None:
    cable.cut()
    cable.mend()
    assert behind_cable.run(record, 2) == 2
    assert behind_cable.count() == 2


def test_who_waits_for_a_database_that_hangs_is_told_within_two_seconds(behind_cable: Log, cable: Cable) -> None:
    cable.freeze()
    started = time.monotonic()
    waiting = [behind_cable.submit(record, number) for number in range(50)]
    for each in waiting:
        with pytest.raises(Unavailable, match="Nothing was stored"):
            each.result(timeout=WAIT)
    assert time.monotonic() - started < 3, "2 seconds, and what a busy machine adds"
    assert not behind_cable.units.writer.healthy

    cable.thaw()
    wait_until(lambda: behind_cable.units.writer.healthy)
    assert behind_cable.run(record, 2) == 2
    assert behind_cable.count() == 2, "what was refused is not stored later"


def test_a_commit_whose_answer_is_lost_is_looked_up_and_acknowledged(
    behind_cable: Log, direct: Log, cable: Cable
) -> None:
    def answer_never_arrives(unit: Unit) -> int:
        cable.freeze("answers")
        return record(unit, 2)

    changing = behind_cable.submit(answer_never_arrives)
    wait_until(lambda: direct.count() == 2)
    cable.cut()
    cable.thaw()
    cable.mend()

    assert changing.result(timeout=WAIT) == 2
    assert direct.count() == 2


def test_a_commit_that_never_arrived_is_run_again_and_stored_once(behind_cable: Log, direct: Log, cable: Cable) -> None:
    runs: list[int] = []

    def lost_before_the_commit(unit: Unit) -> int:
        runs.append(len(runs))
        if len(runs) == 1:
            cable.cut()
            cable.mend()
        return record(unit, 2)

    assert behind_cable.submit(lost_before_the_commit).result(timeout=WAIT) == 2
    assert len(runs) == 2
    assert direct.count() == 2


def test_what_nobody_can_look_up_is_called_unknown(behind_cable: Log, direct: Log, cable: Cable) -> None:
    def answer_never_arrives(unit: Unit) -> int:
        cable.freeze("answers")
        return record(unit, 2)

    changing = behind_cable.submit(answer_never_arrives)
    wait_until(lambda: direct.count() == 2)
    cable.cut()
    cable.thaw()

    with pytest.raises(OutcomeUnknown) as unknown:
        changing.result(timeout=WAIT)
    assert cable.refused < 60, "it is tried twenty times a second at most"
    assert unknown.value.group_id in unknown.value.message
    assert direct.events()[0].group_id == unknown.value.group_id


def test_a_lost_commit_that_leaves_no_event_is_called_unknown_and_not_run_again(
    behind_cable: Log, direct: Log, cable: Cable
) -> None:
    """Background work has no event to look for; what counts must not count twice."""
    runs: list[int] = []

    def count(unit: Unit) -> int:
        cable.freeze("answers")
        runs.append(len(runs))
        unit.tx.later(_COUNT, [{"sequence": "counted", "last": 1}])
        return 1

    counting = behind_cable.submit(count)
    wait_until(lambda: direct.read(lambda tx: tx.first(_COUNTED, sequence="counted")) == 1)
    cable.cut()
    cable.thaw()
    cable.mend()
    with pytest.raises(OutcomeUnknown):
        counting.result(timeout=WAIT)
    assert runs == [0]


def test_a_row_that_somebody_holds_stops_neither_the_others_nor_the_server(direct: Log, postgresql_url: str) -> None:
    direct.run(lambda unit: sequences.next_id(unit.tx, "held"))
    with psycopg.connect(postgresql_url) as other:
        other.execute("SELECT * FROM sequences WHERE name = 'held' FOR UPDATE")
        held_up = direct.submit(lambda unit: sequences.next_id(unit.tx, "held"))
        others = [direct.submit(record, number) for number in range(5)]
        assert [each.result(timeout=2.5) for each in others] == list(range(5))
        with pytest.raises(Unavailable, match="holds what this would change"):
            held_up.result(timeout=2.5)
        assert direct.units.writer.healthy
        other.rollback()
    assert direct.run(lambda unit: sequences.next_id(unit.tx, "held")) == 2


def test_a_writer_that_fell_silent_with_the_log_in_hand_holds_up_the_others_for_seconds_only(
    direct: Log, postgresql_url: str
) -> None:
    silent = parse_database_url(postgresql_url).connect()
    silent.begin()
    lock(Transaction(silent))
    refused, deadline = 0, time.monotonic() + WAIT
    while True:
        try:
            direct.run(record, 1)
        except Unavailable:
            refused += 1
            assert time.monotonic() < deadline
        else:
            break
    assert refused <= 3, "the database ended its transaction after three seconds"
    with pytest.raises(psycopg.Error):
        silent.run("SELECT 1", {})
    silent.close()


def test_units_of_two_servers_that_want_the_same_things_in_another_order_all_succeed(postgresql_url: str) -> None:
    """Batches used to take rows in different orders, and to wait for each other until the database found out."""
    servers = [Log(postgresql_url) for _ in range(2)]
    names = [f"thing {number}" for number in range(8)]
    with psycopg.connect(postgresql_url, autocommit=True) as other:
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        before = other.execute(deadlocks).fetchone()
        waiting = [
            server.submit(lambda unit, name: sequences.next_id(unit.tx, name), name)
            for _ in range(20)
            for server, order in zip(servers, (names, names[::-1]), strict=True)
            for name in order
        ]
        for each in waiting:
            each.result(timeout=WAIT)
        assert other.execute(deadlocks).fetchone() == before
    assert [servers[0].run(lambda unit, name: sequences.next_id(unit.tx, name), name) for name in names] == [41] * 8
    for server in servers:
        server.close()


def test_more_than_the_writer_can_take_is_refused_at_once(sqlite_url: str) -> None:
    log = Log(sqlite_url)
    go_on = threading.Event()
    first = log.submit(lambda unit: go_on.wait(WAIT))
    waiting = [log.submit(record, number) for number in range(MOST_WAITING + 100)]
    refused = [each for each in waiting if each.done()]
    assert 0 < len(refused) <= 100
    assert log.units.writer.waiting() == MOST_WAITING
    for each in refused:
        with pytest.raises(Unavailable, match="Too many"):
            each.result()
    go_on.set()
    first.result(timeout=WAIT)
    for each in waiting:
        if each not in refused:
            each.result(timeout=WAIT)
    assert log.count() == len(waiting) - len(refused)
    assert log.units.writer.waiting() == 0
    log.close()


def test_what_fails_after_a_commit_harms_nobody(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(sqlite_url)

    def broken(last_id: int) -> None:
        raise RuntimeError("on purpose")

    with monkeypatch.context() as patched:
        patched.setattr(log.log_signal, "notify", broken)
        assert log.run(record, 1) == 1
    assert log.run(record, 2) == 2
    assert log.count() == 2
    log.close()


def test_a_defect_is_not_called_a_failure_of_the_database(database_url: str) -> None:
    reader = Reader(parse_database_url(database_url))
    broken = Query[Any](select(literal_column("no_such_column")).select_from(log_head), lambda *_: None)
    with pytest.raises(DRIVER_ERRORS):
        reader.now(lambda tx: tx.all(broken))
    assert reader.now(log_position).last_id == 0
    reader.stop()


def test_a_read_that_takes_too_long_is_cut_off(database_url: str) -> None:
    numbers = select(bindparam("first").label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < 10**12))
    endless = Query[Any](select(func.max(numbers.c.n)), lambda found: found)
    reader = Reader(parse_database_url(database_url), deadline=0.3)
    started = time.monotonic()

    with pytest.raises(Unavailable):
        reader.now(lambda tx: tx.first(endless, first=1))

    assert time.monotonic() - started < 10
    assert reader.now(log_position).last_id == 0
    reader.stop()


def wait_until(condition: Any, seconds: float = WAIT) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
