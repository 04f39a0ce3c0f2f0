"""Leases: who has one, until when, and that nobody else's is ended or made longer."""

import asyncio
import time

import pytest
from sqlalchemy import select, update

from flagkeeper.eventlog.lease_holder import LeaseHolder
from flagkeeper.eventlog.unit import Unit
from flagkeeper.storage import leases
from flagkeeper.storage.dialects import database_now
from flagkeeper.storage.leases import HeldLease, Lease, LeaseLost
from flagkeeper.storage.statement import Query, Write
from tests.log import ALICE, Log

LONG = 60_000
_EXPIRE = Write[object](update(leases.leases).values(expires_at=database_now()))
_LEFT = Query(select(leases.leases.c.expires_at - database_now()), int)


def take(log: Log, holder: str, length: int = LONG) -> Lease | None:
    found: Lease | None = log.run(lambda unit: leases.take(unit.tx, "work", holder, length))
    return found


def must_take(log: Log, holder: str) -> Lease:
    lease = take(log, holder)
    assert lease is not None
    return lease


def expire(log: Log) -> None:
    log.run(lambda unit: unit.tx.write(_EXPIRE))


def is_taken(log: Log, by_other_than: str = "") -> bool:
    return bool(log.read(leases.taken, ["work", "other"], by_other_than))


def confirmed(log: Log, lease: Lease) -> bool:
    try:
        log.run(lambda unit: leases.confirm(unit.tx, lease))
    except LeaseLost:
        return False
    return True


def test_one_at_a_time_has_it_and_the_term_rises_with_each_holder(log: Log) -> None:
    one = must_take(log, "one")
    assert take(log, "two") is None
    assert is_taken(log)
    assert not is_taken(log, by_other_than="one")
    expire(log)
    assert not is_taken(log)
    two = must_take(log, "two")
    assert take(log, "one") is None
    assert (one.term, two.term) == (1, 2)
    log.run(lambda unit: leases.release(unit.tx, two))
    assert must_take(log, "one").term == 3


def test_a_late_release_ends_nobody_elses(log: Log) -> None:
    old = must_take(log, "one")
    expire(log)
    new = must_take(log, "two")
    log.run(lambda unit: leases.release(unit.tx, old))
    assert confirmed(log, new)
    expire(log)
    again = must_take(log, "one")
    log.run(lambda unit: leases.release(unit.tx, old))
    assert confirmed(log, again), "not even a later one of the same holder"


def test_a_late_renewal_changes_nothing(log: Log) -> None:
    old = must_take(log, "one")
    expire(log)
    new = must_take(log, "two")
    assert not log.run(lambda unit: leases.renew(unit.tx, old, LONG))
    assert confirmed(log, new)
    assert not confirmed(log, old)


def test_what_has_expired_is_confirmed_no_more_and_renewed_if_nobody_took_it(log: Log) -> None:
    lease = must_take(log, "one")
    expire(log)
    assert not confirmed(log, lease)
    assert log.run(lambda unit: leases.renew(unit.tx, lease, LONG))
    assert confirmed(log, lease)


def test_who_did_not_hear_that_it_got_a_lease_may_ask_again(log: Log) -> None:
    first, second = must_take(log, "one"), must_take(log, "one")
    assert second.term == first.term + 1
    assert not confirmed(log, first)


@pytest.mark.parametrize("wrong_by", [-86_400, 86_400])
def test_the_clock_of_a_process_does_not_matter(log: Log, wrong_by: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day ahead or behind: the database's clock counts."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + wrong_by * 1_000_000_000)
    lease = must_take(log, "one")
    (left,) = log.read(lambda tx: tx.all(_LEFT))
    assert LONG - 10_000 < left <= LONG
    assert take(log, "two") is None
    assert confirmed(log, lease)


def test_a_lease_is_trusted_from_the_moment_it_was_asked_for_less_a_margin() -> None:
    lease, now = Lease("work", "one", 1), time.monotonic()
    assert 8.9 < HeldLease(lease, now, 10_000).left <= 9.0
    assert HeldLease(lease, now - 4.9, 10_000).is_young
    assert not HeldLease(lease, now - 5.1, 10_000).is_young
    assert HeldLease(lease, now - 9.1, 10_000).left < 0


async def test_a_holder_asks_nobody_while_it_trusts_its_lease(log: Log) -> None:
    holder = LeaseHolder("work", log.units, log.reader)
    assert await holder.ensure(LONG)
    commits = log.units.writer.commits
    assert await holder.ensure(LONG)
    assert log.units.writer.commits == commits
    assert await holder.extend(LONG)
    assert log.units.writer.commits == commits + 1
    await holder.release()
    await holder.release()
    assert not is_taken(log)


async def test_who_waits_for_a_lease_writes_nothing(log: Log) -> None:
    must_take(log, "one")
    holder = LeaseHolder("work", log.units, log.reader)
    commits = log.units.writer.commits
    assert not await holder.ensure(LONG)
    assert log.units.writer.commits == commits
    expire(log)
    assert await holder.ensure(LONG)


async def test_a_holder_that_lost_its_lease_notices(log: Log) -> None:
    holder = LeaseHolder("work", log.units, log.reader)
    assert await holder.ensure(LONG)
    expire(log)
    must_take(log, "two")

    def rely(unit: Unit) -> None:
        holder.confirm(unit)

    with pytest.raises(LeaseLost):
        await log.units.run(ALICE, rely)
    assert not await holder.extend(LONG)
    assert holder.left == 0
    await holder.release()
    assert is_taken(log)


def test_a_lease_that_never_was_is_nobodys(log: Log) -> None:
    lease = Lease("work", "one", 1)
    assert not confirmed(log, lease)
    log.run(lambda unit: leases.release(unit.tx, lease))
    assert not log.run(lambda unit: leases.renew(unit.tx, lease, LONG))
    assert not is_taken(log)


async def test_of_two_that_ask_at_once_one_gets_it_and_the_other_knows(log: Log) -> None:
    for number in range(20):
        two = [LeaseHolder(f"work {number}", log.units, log.reader) for _ in range(2)]
        got = await asyncio.gather(*(holder.ensure(LONG) for holder in two))
        assert sorted(got) == [False, True]
        assert [holder.left > 0 for holder in two] == got
        assert [await holder.ensure(LONG) for holder in two] == got
