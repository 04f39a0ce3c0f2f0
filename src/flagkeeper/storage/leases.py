"""Leases: of all processes on one database, one at a time does a named thing."""

from typing import Any

from sqlalchemy import BigInteger, Column, Table, Text, bindparam, delete, or_, update

from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.metadata import metadata
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

_RENEW = Write[Any](
    update(leases)
    .where(
        leases.c.name == bindparam("lease"),
        or_(leases.c.holder == bindparam("by"), leases.c.expires_at < bindparam("now")),
    )
    .values(holder=bindparam("by"), expires_at=bindparam("until"))
)
_CREATE = Write[Any](upsert(leases, key=["name"]))
_RELEASE = Write[Any](delete(leases).where(leases.c.name == bindparam("lease"), leases.c.holder == bindparam("by")))


def take(tx: Transaction, name: str, holder: str, now: Millis, duration: Millis) -> bool:
    """Takes or renews a lease. False while another holder's has not expired."""
    if tx.write(_RENEW, lease=name, by=holder, now=now, until=now + duration):
        return True
    return bool(tx.write(_CREATE, name=name, holder=holder, expires_at=now + duration))


def release(tx: Transaction, name: str, holder: str) -> None:
    """Gives a lease back, if `holder` still has it."""
    tx.write(_RELEASE, lease=name, by=holder)
