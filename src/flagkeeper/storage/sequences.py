"""Numbers that are given out once and never again, also not after their thing was deleted: both databases alike."""

from typing import Any

from sqlalchemy import BigInteger, Column, Table, Text, bindparam, update

from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.metadata import metadata
from flagkeeper.storage.statement import Write
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


def next_id(tx: Transaction, name: str) -> int:
    """The next number of a sequence, from 1. It stays taken only if the transaction commits."""
    found = tx.write_returning(_ADVANCE, sequence=name)
    if not found:
        tx.write(_CREATE, name=name, last=0)
        found = tx.write_returning(_ADVANCE, sequence=name)
    return found[0]
