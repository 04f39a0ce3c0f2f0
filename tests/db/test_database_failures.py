"""A database that fails: what was acknowledged is kept, nobody hangs, and health turns red and green again."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any
from urllib.parse import urlsplit

import pytest

from flagkeeper.eventlog.catalogue.payload import SegmentData
from flagkeeper.eventlog.catalogue.segment import SegmentCreated
from flagkeeper.eventlog.read import epoch
from flagkeeper.eventlog.unit import Unit
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.connection import Connection, SqliteConnection
from flagkeeper.storage.database import Database, parse_database_url
from flagkeeper.storage.dialects import Dialect
from tests.cable import Cable
from tests.log import Log

WAIT = 30
"""Seconds after which a request counts as hanging."""


def record(unit: Unit, number: int, size: int = 10) -> int:
    data = SegmentData(id=number, name="x" * size, description=None, constraints=[], created_by="a", created_at="now")
    unit.record(SegmentCreated(data=data))
    return number


class SmallDisk(Database, frozen=True):
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
    disk = SmallDisk(Dialect.SQLITE, address, [120])
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
            log.read(epoch)
        cable.mend()
        wait_until(lambda: log.units.writer.healthy)
    stop.set()
    for writer in writers:
        writer.join(WAIT)
        assert not writer.is_alive(), "a request hangs"

    assert refused
    # A commit whose answer was cut off is not acknowledged, though it may have happened: at most one batch per cut.
    stored = log.count()
    assert len(kept) <= stored <= len(kept) + 3 * len(writers)
    log.close()


def test_a_read_that_takes_too_long_is_cut_off(database_url: str) -> None:
    from sqlalchemy import bindparam, func, select

    from flagkeeper.storage.reader import Reader
    from flagkeeper.storage.statement import Query

    numbers = select(bindparam("first").label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < 10**12))
    endless = Query[Any](select(func.max(numbers.c.n)), lambda found: found)
    reader = Reader(parse_database_url(database_url), deadline=0.3)
    started = time.monotonic()

    with pytest.raises(Unavailable):
        reader.now(lambda tx: tx.first(endless, first=1))

    assert time.monotonic() - started < 10
    assert reader.now(epoch).last_id == 0
    reader.stop()


def wait_until(condition: Any, seconds: float = WAIT) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
