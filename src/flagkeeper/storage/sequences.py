"""Numbers that are given out once and never again, also not after their thing was deleted: both databases alike."""

from typing import Any

from sqlalchemy import BigInteger, Column, Table, Text, bindparam, select, update

from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.metadata import metadata
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

sequences = Table(
    "sequences", metadata, Column("name", Text, primary_key=True), Column("last", BigInteger, nullable=False)
)

_CREATE = Write[Any](upsert(sequences, key=["name"]))
_ADVANCE = Write(
    update(sequences)
    .where(sequences.c.name == bindparam("sequence"))
    .values(last=sequences.c.last + 1)
    .returning(sequences.c.last),
    lambda last: int(last),
)
_ADVANCE_TO = Write[Any](
    update(sequences)
    .where(sequences.c.name == bindparam("sequence"), sequences.c.last < bindparam("number"))
    .values(last=bindparam("number"))
)
_LAST = Query(select(sequences.c.last).where(sequences.c.name == bindparam("sequence")), int)


def next_id(tx: Transaction, name: str) -> int:
    """The next number of a sequence, from 1. It stays taken only if the transaction commits."""
    found = tx.write_returning(_ADVANCE, sequence=name)
    if not found:
        tx.write(_CREATE, name=name, last=0)
        found = tx.write_returning(_ADVANCE, sequence=name)
    return found[0]


def last_id(tx: Transaction, name: str) -> int:
    """The last number that was given out; 0 before the first."""
    return tx.first(_LAST, sequence=name) or 0


def take_up_to(tx: Transaction, name: str, number: int) -> None:
    """Gives out every number up to this one, for something that came with its number."""
    tx.write(_CREATE, name=name, last=0)
    tx.write(_ADVANCE_TO, sequence=name, number=number)
