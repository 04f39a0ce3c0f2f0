"""What the log says of the connections of a server's readers."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.health.jobs import LOOK_EVERY, DatabasePool
from flagkeeper.readmodels.health.slice import DATABASE_POOL
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction
from tests.log import Log
from tests.server import TestServer


def data(*, used: int, free: int) -> dict[str, int]:
    return {"used": used, "free": free, "pendingCreates": 0, "pendingAcquires": 0}


def recorded(log: Log) -> list[Any]:
    """The oldest first."""
    found = log.events("type:db-pool-update")
    assert {(each.created_by, each.created_by_user_id, each.pre_data) for each in found} <= {
        (SYSTEM.name, SYSTEM.user_id, None)
    }
    return [json.loads(each.data or "") for each in reversed(found)]


def nothing(_tx: Transaction) -> None:
    """A read."""


@pytest.mark.causes("db-pool-update", action="every hour, when the numbers of the database pool are other than before")
def test_numbers_of_the_pool_are_recorded_when_they_are_others(log: Log) -> None:
    readers = [Reader(log.database), Reader(log.database)]
    pool, other = DatabasePool(readers, settled=0), DatabasePool(readers[:1], settled=0)
    begun, ended = threading.Event(), threading.Event()

    def read(_tx: Transaction) -> None:
        begun.set()
        assert ended.wait(30)

    for each in readers:
        each.now(nothing)
    asyncio.run(pool.look(log.units))
    asyncio.run(pool.look(log.units))
    assert recorded(log) == [data(used=0, free=2)], "the same is no news"
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(readers[0].now, read)
        assert begun.wait(30)
        asyncio.run(pool.look(log.units))
        ended.set()
        reading.result(30)
    assert recorded(log)[1:] == [data(used=1, free=1)]
    asyncio.run(other.look(log.units))
    asyncio.run(pool.look(log.units))
    assert recorded(log)[2:] == [data(used=0, free=1), data(used=0, free=2)], "whichever server looked before"
    for each in readers:
        each.stop()


def test_a_server_that_has_just_started_says_nothing(log: Log) -> None:
    log.read(nothing)
    asyncio.run(DatabasePool([log.reader]).look(log.units))
    assert recorded(log) == []


def test_a_server_looks_at_all_its_readers_once_an_hour(server: TestServer) -> None:
    services = server.services
    (job,) = (job for each in services.slices for job in each.jobs(services) if job.name == "database-pool")
    assert (job.every, job.run) == (LOOK_EVERY, services[DATABASE_POOL].look)
    assert services[DATABASE_POOL].numbers().free >= 1
    server.call(DatabasePool(services.readers, settled=0).look(services.units))
    (event,) = server.events(type="IS:db-pool-update")
    assert event["data"].keys() == data(used=0, free=0).keys()
    assert event["summary"].startswith("The database pool has ")
