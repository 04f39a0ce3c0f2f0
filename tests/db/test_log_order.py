"""Log order is commit order: a reader that polls by id misses nothing, however many write."""

import threading
import time
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from flagkeeper.eventlog.catalogue.payload import SegmentData
from flagkeeper.eventlog.catalogue.segment import SegmentCreated
from flagkeeper.eventlog.follow import Wants, after
from flagkeeper.eventlog.tables import log_head
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.segments import commands
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import DAY, MINUTE, Clock
from flagkeeper.storage.statement import Write
from tests.log import Log

WRITERS = 8
EVENTS = 3_200

_PUT_LATER = Write[Any](
    update(log_head)
    .where(log_head.c.id == bindparam("head"))
    .values(last_created_at=log_head.c.last_created_at + bindparam("by"))
)


def record_some(unit: Unit, number: int) -> None:
    """One to three events, and now and then a failure after a write, which must leave no hole."""
    for i in range(number % 3 + 1):
        data = SegmentData(
            id=number, name=f"s{number}.{i}", description=None, constraints=[], created_by="a", created_at="now"
        )
        unit.record(SegmentCreated(data=data))
    if number % 10 == 9:
        draft = SegmentDraft(name=f"lost {number}", description=None, constraints=[], project=None)
        commands.create(unit, draft)
        raise LookupError("on purpose")


def test_a_reader_that_polls_by_id_misses_no_event(database_url: str) -> None:
    """8 writers in 4 processes' worth of writers (each has its own connection), 3,200 events and more."""
    logs = [Log(database_url) for _ in range(4)]
    reader = Log(database_url)
    done = threading.Event()
    acknowledged: list[int] = []
    failures: list[BaseException] = []

    def write(log: Log, offset: int) -> None:
        for number in range(offset, 3 * EVENTS, WRITERS):
            if len(acknowledged) >= EVENTS:
                return
            try:
                log.run(record_some, number)
            except LookupError:
                continue
            except BaseException as error:
                failures.append(error)
                return
            acknowledged.extend([number] * (number % 3 + 1))

    seen: list[Any] = []

    def poll() -> None:
        position = 0
        while True:
            finished = done.is_set()
            batch = reader.read(after, position, Wants(), 100)
            seen.extend(batch)
            position = batch[-1].id if batch else position
            if finished and not batch:
                return
            time.sleep(0.001)

    polling = threading.Thread(target=poll)
    polling.start()
    writers = [threading.Thread(target=write, args=(logs[i % 4], i)) for i in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    polling.join()
    for log in (*logs, reader):
        log.close()

    assert not failures
    ids = [event.id for event in seen]
    assert ids == list(range(1, len(ids) + 1)), "ids rise in commit order and have no holes"
    assert len(ids) == len(acknowledged) >= EVENTS
    times = [event.created_at for event in seen]
    assert times == sorted(times), "ids follow time"


def test_time_never_falls_when_the_clock_does(log: Log) -> None:
    hour = 3_600_000
    log.run(record_some, 0)
    log.run(lambda unit: unit.tx.write(_PUT_LATER, head=1, by=hour))
    log.run(record_some, 0)

    first, second = log.read(after, 0, Wants())
    assert second.created_at == first.created_at + hour


@pytest.mark.parametrize("away", [-DAY, DAY])
def test_a_server_whose_clock_is_wrong_writes_the_time_of_the_database(
    log: Log, monkeypatch: pytest.MonkeyPatch, away: int
) -> None:
    """One that was a day ahead would freeze the times of all others for a day."""
    monkeypatch.setattr(clock, "clock", wrong := Clock(clock.now() + away))
    log.run(record_some, 0)
    log.run(record_some, 0)

    real = time.time() * 1000
    assert all(abs(event.created_at - real) < MINUTE for event in log.read(after, 0, Wants()))
    assert abs(wrong.now() - real) < MINUTE
