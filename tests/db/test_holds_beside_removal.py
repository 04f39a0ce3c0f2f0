"""A legal hold waits for a removal that is under way, so that nothing leaves once it stands."""

import threading

import psycopg
import pytest

from flagkeeper.eventlog.archive import store
from flagkeeper.eventlog.archive.lease import LEASE, ArchiveLease
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.retention import commands
from flagkeeper.kernel.errors import Conflict
from flagkeeper.storage import leases
from tests.deliveries import until_now
from tests.log import Log

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def turn_of(log: Log) -> ArchiveLease:
    return ArchiveLease(log.units, log.run(lambda unit: leases.take(unit.tx, LEASE, "me", 60_000)), 60_000)


def test_a_hold_waits_for_the_removal_that_began_before_it(postgresql_url: str) -> None:
    """Two processes: one removes events in a unit that has not ended, the other places a hold."""
    remover, other = Log(postgresql_url), Log(postgresql_url)
    removing, go_on = threading.Event(), threading.Event()
    mine = turn_of(remover)

    def remove(unit: Unit) -> None:
        mine.demand(unit)
        removing.set()
        assert go_on.wait(30)

    under_way = remover.submit(remove)
    assert removing.wait(10)
    placed = other.submit(commands.place_hold, "case 4711")
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        until_now(lambda: placed.done() or connection.execute(WAITING).fetchone() != (0,))
    try:
        assert not placed.done(), "the hold stands, and events still leave"
    finally:
        go_on.set()
    under_way.result(10)
    assert placed.result(10).reason == "case 4711"
    with pytest.raises(Conflict, match="case 4711"):
        remover.run(mine.demand)
    for log in (remover, other):
        log.close()


def test_a_removal_waits_for_the_hold_that_began_before_it(postgresql_url: str) -> None:
    holder, remover = Log(postgresql_url), Log(postgresql_url)
    placing, go_on = threading.Event(), threading.Event()
    mine = turn_of(remover)

    def place(unit: Unit) -> None:
        commands.place_hold(unit, "case 4712")
        placing.set()
        assert go_on.wait(30)

    placed = holder.submit(place)
    assert placing.wait(10)
    removal = remover.submit(mine.demand)
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        until_now(lambda: removal.done() or connection.execute(WAITING).fetchone() != (0,))
    try:
        assert not removal.done(), "events leave although a hold is being placed"
    finally:
        go_on.set()
    placed.result(10)
    with pytest.raises(Conflict, match="case 4712"):
        removal.result(10)
    for log in (holder, remover):
        log.close()


def test_a_hold_that_stands_is_found_by_every_process(database_url: str) -> None:
    one, another = Log(database_url), Log(database_url)
    mine = turn_of(one)
    one.run(mine.demand)
    hold = another.run(commands.place_hold, "case 4713")
    with pytest.raises(Conflict, match="case 4713"):
        one.run(mine.demand)
    assert one.read(store.holds) == [hold]
    another.run(commands.lift_hold, hold.id)
    one.run(mine.demand)
    for log in (one, another):
        log.close()
