"""Reads take turns while they are short, and a long one holds up nobody."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flagkeeper.eventlog.read import log_position
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.connection import DRIVER_ERRORS, Connection
from flagkeeper.storage.database import Database, parse_database_url
from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.reader import AT_ONCE, PoolNumbers, Reader
from flagkeeper.storage.transaction import Transaction


@pytest.fixture
def reader(database_url: str) -> Iterator[Reader]:
    found = Reader(parse_database_url(database_url))
    yield found
    found.stop()


def nothing(_tx: Transaction) -> str:
    return "done"


def test_a_long_read_lets_others_begin_beside_it(reader: Reader) -> None:
    ended = threading.Event()

    def long(_tx: Transaction) -> str:
        return "ended by the others" if ended.wait(20) else "waited in vain"

    async def run() -> str:
        slow = [asyncio.create_task(reader.run(long)) for _ in range(3)]
        assert [await reader.run(nothing) for _ in range(20)] == ["done"] * 20
        assert not any(each.done() for each in slow)
        ended.set()
        return (await asyncio.gather(*slow))[0]

    assert asyncio.run(run()) == "ended by the others"


def test_short_reads_do_not_run_beside_each_other(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flagkeeper.storage.reader.SHORT", 60)
    reader, running, most = Reader(parse_database_url(sqlite_url)), 0, 0

    def short(_tx: Transaction) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.001)
        running -= 1

    async def run() -> None:
        await asyncio.gather(*(reader.run(short) for _ in range(50)))

    asyncio.run(run())
    reader.stop()
    assert most == AT_ONCE[Dialect.SQLITE]


class Counted(Database, frozen=True, kw_only=True):
    """Keeps the connections that were made."""

    made: list[Any]

    def connect(self, **given: Any) -> Connection:
        connection = super().connect(**given)
        self.made.append(connection)
        return connection


def test_after_the_stop_no_connection_is_left_open(database_url: str) -> None:
    """Also of a read that was under way then, on a thread of somebody else."""
    database = parse_database_url(database_url)
    counted = Counted(database.dialect, database.address, made=[])
    reader, begun, stopped = Reader(counted), threading.Event(), threading.Event()

    def read(tx: Transaction) -> int:
        begun.set()
        assert stopped.wait(30)
        return log_position(tx).last_id

    reader.now(nothing)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(reader.now, read)
        assert begun.wait(30)
        reader.now(nothing)
        reader.stop()
        stopped.set()
        assert reading.result(30) == 0
    assert len(counted.made) == 2
    for connection in counted.made:
        with pytest.raises(DRIVER_ERRORS):
            connection.run("SELECT 1", {})


def test_turns_survive_failures_and_those_who_give_up(reader: Reader) -> None:
    def fails(_tx: Transaction) -> None:
        raise LookupError

    async def run() -> list[str]:
        failing = [asyncio.create_task(reader.run(fails)) for _ in range(20)]
        leaving = [asyncio.create_task(reader.run(nothing)) for _ in range(20)]
        await asyncio.sleep(0)
        for each in leaving:
            each.cancel()
        found = await asyncio.gather(*failing, return_exceptions=True)
        assert all(isinstance(each, LookupError) for each in found)
        await asyncio.gather(*leaving, return_exceptions=True)
        return await asyncio.gather(*(reader.run(nothing) for _ in range(20)))

    assert asyncio.run(run()) == ["done"] * 20
    assert asyncio.run(run()) == ["done"] * 20, "also in another event loop"


def numbers(*, used: int = 0, free: int = 0, opening: int = 0, waiting: int = 0) -> PoolNumbers:
    return PoolNumbers(used=used, free=free, opening=opening, waiting=waiting)


def test_a_reader_knows_what_its_connections_do(reader: Reader) -> None:
    assert reader.numbers() == numbers()
    begun, ended = threading.Semaphore(0), threading.Event()

    def read(_tx: Transaction) -> None:
        begun.release()
        assert ended.wait(30)

    async def run() -> PoolNumbers:
        reads = [asyncio.create_task(reader.run(read)) for _ in range(6)]
        for _ in range(4):
            assert await asyncio.to_thread(begun.acquire, timeout=30)
        meanwhile = reader.numbers()
        ended.set()
        await asyncio.gather(*reads)
        return meanwhile

    assert asyncio.run(run()) == numbers(used=4, waiting=2)
    assert reader.numbers() == numbers(free=4)


def test_what_failed_is_in_nobodys_use(reader: Reader, sqlite_url: str) -> None:
    def refused(tx: Transaction) -> None:
        log_position(tx)
        raise LookupError

    with pytest.raises(LookupError):
        reader.now(refused)
    assert reader.numbers() == numbers(free=1)
    nowhere = Reader(parse_database_url(f"{sqlite_url}/none"))
    with pytest.raises(Unavailable):
        asyncio.run(nowhere.run(nothing))
    assert nowhere.numbers() == numbers()
    nowhere.stop()


class Slow(Database, frozen=True, kw_only=True):
    """Connects when it is told to."""

    asked: threading.Event
    let: threading.Event

    def connect(self, **given: Any) -> Connection:
        self.asked.set()
        assert self.let.wait(30)
        return super().connect(**given)


def test_a_connection_that_is_being_opened_is_neither_free_nor_in_use(database_url: str) -> None:
    database = parse_database_url(database_url)
    slow = Slow(database.dialect, database.address, asked=threading.Event(), let=threading.Event())
    reader = Reader(slow)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(reader.now, nothing)
        assert slow.asked.wait(30)
        assert reader.numbers() == numbers(opening=1)
        slow.let.set()
        assert reading.result(30) == "done"
    assert reader.numbers() == numbers(free=1)
    reader.stop()
