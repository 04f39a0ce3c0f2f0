"""Reading and writing the tables of the index."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from pyroaring import BitMap
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.schema import CreateTable, DropTable

from flagkeeper.eventlog.index.block import Block, trigrams_of
from flagkeeper.eventlog.index.tables import (
    index_metadata,
    search_blocks,
    search_names,
    search_state,
    search_terms,
    search_values,
)
from flagkeeper.eventlog.index.terms import BEYOND, NAMED
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.database import Database
from flagkeeper.storage.dialects import Dialect, any_of, upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

FORM = 1
"""Rises when the tables, or what is noted in them, change: an index of another form is built again."""
_LOCK = 4242_2027
"""The advisory lock under which PostgreSQL replicas take turns to create the tables."""


class Span(msgspec.Struct, frozen=True):
    """A block on disk: the index of the events `first` to `last` (both included)."""

    first: int
    last: int


class TermRow(msgspec.Struct, frozen=True):
    block: int
    term: str
    ids: bytes


class ValueRow(msgspec.Struct, frozen=True):
    block: int
    value: str
    ids: bytes


def prepare(database: Database) -> None:
    """Creates the tables, empty ones where those of another version are. Costs nothing when all is well.

    Raises:
        sqlite3.Error, psycopg.Error: the index cannot be written.
    """
    connection = database.index.connect()
    try:
        connection.begin()
        if database.dialect is Dialect.POSTGRESQL:
            connection.run(f"SELECT pg_advisory_xact_lock({_LOCK})", {})
        _create(connection, database.dialect)
        tx = Transaction(connection)
        if tx.first(_FORM) not in (None, FORM):
            for table in reversed(index_metadata.sorted_tables):
                connection.run(str(DropTable(table).compile(dialect=database.dialect.compiler())), {})
            _create(connection, database.dialect)
        connection.commit()
    finally:
        connection.close()


def _create(connection: Any, dialect: Dialect) -> None:
    for table in index_metadata.sorted_tables:
        connection.run(str(CreateTable(table, if_not_exists=True).compile(dialect=dialect.compiler())), {})


_FORM = Query(select(search_state.c.form), int)
BLOCKS = Query(
    select(search_blocks.c.first_id, search_blocks.c.last_id, search_state.c.epoch)
    .where(search_state.c.id == 1)
    .order_by(search_blocks.c.first_id.desc()),
    lambda first, last, epoch: (Span(first, last), str(epoch)),
)
"""Every block, the newest first, with the log that it belongs to."""
_NAMES = Query(
    select(search_names.c.term)
    .where(search_names.c.term >= bindparam("start"), search_names.c.term < bindparam("end"))
    .order_by(search_names.c.term),
    str,
)
TERMS = Query(
    select(search_terms.c.block, search_terms.c.term, search_terms.c.ids).where(
        any_of(search_terms.c.block, "blocks"), any_of(search_terms.c.term, "terms")
    ),
    TermRow,
)
RANGE = Query(
    select(search_terms.c.block, search_terms.c.term, search_terms.c.ids).where(
        any_of(search_terms.c.block, "blocks"),
        search_terms.c.term >= bindparam("start"),
        search_terms.c.term < bindparam("end"),
    ),
    TermRow,
)
COUNT = Query(
    select(func.sum(search_terms.c.events)).where(
        any_of(search_terms.c.block, "blocks"), any_of(search_terms.c.term, "terms")
    ),
    lambda events: int(events or 0),
)
COUNTS = Query(
    select(search_terms.c.term, func.sum(search_terms.c.events))
    .where(
        any_of(search_terms.c.block, "blocks"),
        search_terms.c.term >= bindparam("start"),
        search_terms.c.term < bindparam("end"),
    )
    .group_by(search_terms.c.term),
    lambda term, events: (str(term), int(events)),
)
VALUES = Query(
    select(search_values.c.block, search_values.c.value, search_values.c.ids).where(
        search_values.c.block == bindparam("block"), any_of(search_values.c.number, "numbers")
    ),
    ValueRow,
)
ALL_VALUES = Query(
    select(search_values.c.block, search_values.c.value, search_values.c.ids).where(
        search_values.c.block == bindparam("block")
    ),
    ValueRow,
)

_NEWEST = Query(
    select(search_blocks.c.last_id, search_blocks.c.last_created_at).order_by(search_blocks.c.first_id.desc()).limit(1),
    lambda last_id, created_at: (int(last_id), int(created_at)),
)
_HOLD = Write(
    update(search_state)
    .where(search_state.c.id == bindparam("state"))
    .values(form=FORM)
    .returning(search_state.c.epoch),
    str,
)
_BEGIN = Write[Any](upsert(search_state, key=["id"], update=["form", "epoch"]))
_ADD_BLOCK = Write[Any](insert(search_blocks))
_ADD_TERM = Write[Any](insert(search_terms))
_ADD_VALUE = Write[Any](insert(search_values))
_ADD_NAME = Write[Any](upsert(search_names, key=["term"]))

_REMOVE = [
    Write[Any](delete(table).where(column >= bindparam("first"), column <= bindparam("last")))
    for table, column in (
        (search_terms, search_terms.c.block),
        (search_values, search_values.c.block),
        (search_blocks, search_blocks.c.first_id),
    )
]
_FORGET_NAMES = Write[Any](delete(search_names))
_ALL = 2**62
ROWS = 500
"""Rows of a block that are written at once: between them, other threads get their turn."""


def hold(tx: Transaction) -> str | None:
    """Keeps others from writing to the index until the end of the transaction. Returns which log it is about; None
    before it is about any."""
    found = tx.write_returning(_HOLD, state=1)
    return found[0] if found else None


def newest(tx: Transaction) -> tuple[int, Millis] | None:
    """The last event of the newest block, and when it happened."""
    return tx.first(_NEWEST)


def names(tx: Transaction, kind: str) -> list[str]:
    """All terms of a kind in `NAMED`."""
    return tx.all(_NAMES, start=kind, end=kind + BEYOND)


def begin(tx: Transaction, epoch: str) -> None:
    """Empties the index, which from now on is about the log `epoch`."""
    remove(tx, 0, _ALL)
    tx.write(_FORGET_NAMES)
    tx.write(_BEGIN, id=1, form=FORM, epoch=epoch)


def remove(tx: Transaction, first: int, last: int) -> None:
    """Removes the blocks that begin within `first` to `last`."""
    for statement in _REMOVE:
        tx.write(statement, first=first, last=last)


def write(tx: Transaction, block: Block, last_created_at: Millis) -> Iterator[None]:
    """Writes a complete block, in place of those within it. Yields whenever some rows are done."""
    remove(tx, block.first, block.last)
    texts = block.all_texts()
    for rows in _some(
        {"block": block.first, "term": term, "events": len(ids), "ids": pack(ids)}
        for source in (trigrams_of(value for value, _ in texts), block.all_terms())
        for term, ids in source
    ):
        tx.write_many(_ADD_TERM, rows)
        tx.write_many(_ADD_NAME, [{"term": row["term"]} for row in rows if row["term"][:2] in NAMED])
        yield
    for rows in _some(
        {"block": block.first, "number": number, "value": value, "ids": pack(BitMap(ids))}
        for number, (value, ids) in enumerate(texts)
    ):
        tx.write_many(_ADD_VALUE, rows)
        yield
    tx.write(_ADD_BLOCK, first_id=block.first, last_id=block.last, last_created_at=last_created_at)


def _some(rows: Iterable[dict[str, Any]]) -> Iterable[Sequence[dict[str, Any]]]:
    some: list[dict[str, Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == ROWS:
            yield some
            some = []
    if some:
        yield some


def pack(ids: BitMap) -> bytes:
    ids.run_optimize()
    return bytes(ids.serialize())


def unpack(packed: bytes) -> BitMap:
    return BitMap.deserialize(packed)
