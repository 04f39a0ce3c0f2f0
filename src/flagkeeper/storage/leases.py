"""Leases: of all processes on one database, one at a time does a named thing.

    free ──take──▶ held (term n) ──renew──▶ held (term n, longer)
     ▲                 │     │
     │◀────release─────┘     └──its time is over──▶ expired ──take by another──▶ held (term n + 1)
                                                       │
                                                       └──renew, if nobody took it──▶ held (term n)

The database's clock says when a lease ends. The term rises with each new holder, and a holder always names its own:
a release or a renewal that comes late changes nothing. A holder trusts its lease until the moment it *asked* for it,
on its own monotonic clock, plus the length, less a margin; and what it writes relies on `confirm` in the same
transaction, so that a process that stood still for longer than its lease writes nothing.
"""

import time
from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Table, Text, bindparam, or_, select, update

from flagkeeper.kernel.clock import SECOND, Millis
from flagkeeper.storage.dialects import any_of, database_now, upsert
from flagkeeper.storage.metadata import metadata
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

MARGIN = 0.1
"""The part of a lease, at its end, for which its holder does not trust it."""

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("term", BigInteger, nullable=False, server_default="0"),
)


class LeaseLost(Exception):
    """The lease is over or somebody else's: what relied on it must not be committed."""


class Lease(msgspec.Struct, frozen=True):
    """A lease as it was taken: by whom, and for which term."""

    name: str
    holder: str
    term: int


class HeldLease(msgspec.Struct, frozen=True):
    """A lease, and until when its holder may trust it.

    Args:
        asked: `time.monotonic()` right before it was asked for.
        length: milliseconds.
    """

    lease: Lease
    asked: float
    length: Millis

    @property
    def left(self) -> float:
        """Seconds for which it may still be trusted; below 0 afterwards."""
        return self.asked + self.length / SECOND * (1 - MARGIN) - time.monotonic()

    @property
    def is_young(self) -> bool:
        """Less than half of it is over: there is no need to renew it."""
        return time.monotonic() < self.asked + self.length / SECOND / 2


_END = database_now() + bindparam("length", type_=BigInteger)
_THIS = (
    leases.c.name == bindparam("lease"),
    leases.c.holder == bindparam("by"),
    leases.c.term == bindparam("of_term"),
)
_TAKE = Write(
    update(leases)
    .where(
        leases.c.name == bindparam("lease"),
        or_(leases.c.expires_at <= database_now(), leases.c.holder == bindparam("by")),
    )
    .values(holder=bindparam("by"), term=leases.c.term + 1, expires_at=_END)
    .returning(leases.c.term),
    int,
)
_CREATE = Write[Any](upsert(leases, key=["name"]))
_RENEW = Write[Any](update(leases).where(*_THIS).values(expires_at=_END))
_RELEASE = Write[Any](update(leases).where(*_THIS).values(holder="", expires_at=0))
_CONFIRM = Query(
    select(leases.c.term).where(*_THIS, leases.c.expires_at > database_now()).with_for_update(read=True), int
)
_TAKEN = Query(
    select(leases.c.name).where(
        any_of(leases.c.name, "names"), leases.c.expires_at > database_now(), leases.c.holder != bindparam("by")
    ),
    str,
)


def taken(tx: Transaction, names: Collection[str], holder: str) -> set[str]:
    """Those that somebody but `holder` has now. Asked before `take`, it saves everybody a write."""
    return set(tx.all(_TAKEN, names=list(names), by=holder))


def take(tx: Transaction, name: str, holder: str, length: Millis) -> Lease | None:
    """Takes a lease that is free, or expired, or that `holder` took without hearing of it. None: somebody else's."""
    if not (found := tx.write_returning(_TAKE, lease=name, by=holder, length=length)):
        tx.write(_CREATE, name=name, holder="", expires_at=0, term=0)
        found = tx.write_returning(_TAKE, lease=name, by=holder, length=length)
    return Lease(name, holder, found[0]) if found else None


def renew(tx: Transaction, lease: Lease, length: Millis) -> bool:
    """Makes it last so much longer from now, also when it has expired and nobody took it. False: somebody did."""
    return bool(tx.write(_RENEW, lease=lease.name, by=lease.holder, of_term=lease.term, length=length))


def release(tx: Transaction, lease: Lease) -> None:
    """Gives it back, if it is still the same."""
    tx.write(_RELEASE, lease=lease.name, by=lease.holder, of_term=lease.term)


def confirm(tx: Transaction, lease: Lease) -> None:
    """Until the transaction ends, nobody else can take it. Raises `LeaseLost` when it is over or somebody else's."""
    if tx.first(_CONFIRM, lease=lease.name, by=lease.holder, of_term=lease.term) is None:
        raise LeaseLost(f"{lease.name} is no longer ours")
