"""Reading and writing the tables of the index."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby
from typing import Any

import msgspec
from pyroaring import BitMap
from sqlalchemy import bindparam, delete, func, insert, null, select, update
from sqlalchemy.schema import CreateTable

from flagkeeper.eventlog.index.block import Block, trigrams_of
from flagkeeper.eventlog.index.tables import (
    index_metadata,
    search_blocks,
    search_directories,
    search_names,
    search_state,
    search_terms,
    search_values,
)
from flagkeeper.eventlog.index.terms import BEYOND, NAMED, TRIGRAM
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.database import Database
from flagkeeper.storage.dialects import Dialect, any_of, contains, upsert
from flagkeeper.storage.statement import Parameters, Query, Write
from flagkeeper.storage.transaction import Transaction

_LOCK = 4242_2027
"""The advisory lock under which PostgreSQL replicas take turns to create the tables."""


class Span(msgspec.Struct, frozen=True):
    """A block on disk: the index of the events `first` to `last` (both included)."""

    first: int
    last: int
    directory: int | None = None
    bit: int = 0


class TermRow(msgspec.Struct, frozen=True):
    block: int
    term: str
    ids: bytes


class ValueRow(msgspec.Struct, frozen=True):
    block: int
    value: str
    ids: bytes


def prepare(database: Database) -> None:
    """Creates the tables, unless they are there.

    Raises:
        sqlite3.Error, psycopg.Error: the index cannot be written.
    """
    connection = database.index.connect()
    try:
        connection.begin()
        if database.dialect is Dialect.POSTGRESQL:
            connection.run(f"SELECT pg_advisory_xact_lock({_LOCK})", {})
        for table in index_metadata.sorted_tables:
            create = CreateTable(table, if_not_exists=True)
            connection.run(str(create.compile(dialect=database.dialect.compiler())), {})
        connection.commit()
    finally:
        connection.close()


_BLOCKS = (
    select(
        search_blocks.c.first_id,
        search_blocks.c.last_id,
        search_blocks.c.directory,
        search_blocks.c.bit,
        search_state.c.epoch,
    )
    .where(search_state.c.id == 1)
    .order_by(search_blocks.c.first_id.desc())
)


def _with_its_log(first: int, last: int, directory: int | None, bit: int, epoch: str) -> tuple[Span, str]:
    return Span(first, last, directory, bit), epoch


BLOCKS = Query(_BLOCKS, _with_its_log)
"""Every block, the newest first, with the log that it belongs to."""
NEWEST = Query(_BLOCKS.limit(1), _with_its_log)
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
_CONTAINING = select(search_values.c.ids).where(
    search_values.c.block == bindparam("block"), contains(search_values.c.value, "part")
)
CONTAINING = Query(_CONTAINING.where(any_of(search_values.c.number, "numbers")), bytes)
CONTAINING_BETWEEN = Query(
    _CONTAINING.where(search_values.c.number >= bindparam("first"), search_values.c.number <= bindparam("last")), bytes
)
"""Where most of the numbers in between are wanted too: on SQLite a range takes half of what as many numbers do."""
ALL_VALUES = Query(
    select(search_values.c.block, search_values.c.value, search_values.c.ids).where(
        search_values.c.block == bindparam("block")
    ),
    ValueRow,
)

_NEWEST = Query(
    select(search_blocks.c.first_id, search_blocks.c.last_id, search_blocks.c.last_created_at)
    .order_by(search_blocks.c.first_id.desc())
    .limit(1),
    lambda first, last, created_at: (Span(first, last), int(created_at)),
)
_WITHIN = Query(
    select(search_blocks.c.first_id, search_blocks.c.last_created_at)
    .where(search_blocks.c.first_id >= bindparam("first"), search_blocks.c.last_id <= bindparam("last"))
    .order_by(search_blocks.c.first_id),
    lambda first, created_at: (int(first), int(created_at)),
)
_TERMS_TOGETHER = Query(
    select(search_terms.c.block, search_terms.c.term, search_terms.c.ids)
    .where(any_of(search_terms.c.block, "blocks"), search_terms.c.term > bindparam("start"))
    .order_by(search_terms.c.term),
    TermRow,
)
_LOCK_STATE = Write(
    update(search_state)
    .where(search_state.c.id == bindparam("state"))
    .values(id=search_state.c.id)
    .returning(search_state.c.epoch),
    str,
)
_BEGIN = Write[Any](upsert(search_state, key=["id"], update=["epoch"]))
_ADD_BLOCK = Write[Any](insert(search_blocks))
_ADD_NAME = Write[Any](upsert(search_names, key=["term"]))

_LISTING_THEM = (
    select(search_blocks.c.directory)
    .where(search_blocks.c.first_id >= bindparam("first"), search_blocks.c.first_id <= bindparam("last"))
    .where(search_blocks.c.directory.is_not(None))
)
_REMOVE_DIRECTORIES = Write[Any](delete(search_directories).where(search_directories.c.directory.in_(_LISTING_THEM)))
_UNLIST = Write[Any](
    update(search_blocks).where(search_blocks.c.directory.in_(_LISTING_THEM)).values(directory=null(), bit=0)
)
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


def lock(tx: Transaction) -> str | None:
    """Keeps others from writing to the index until the end of the transaction. Returns which log it is about; None
    before it is about any."""
    found = tx.write_returning(_LOCK_STATE, state=1)
    return found[0] if found else None


def newest(tx: Transaction) -> tuple[Span, Millis] | None:
    """The newest block, and when its last event happened."""
    return tx.first(_NEWEST)


def names_of(kind: str) -> tuple[Query[str], Parameters]:
    """The question for all terms of a kind in `NAMED`."""
    return _NAMES, {"start": kind, "end": kind + BEYOND}


def begin(tx: Transaction, epoch: str) -> None:
    """Empties the index, which from now on is about the log `epoch`."""
    # First, because it keeps others away like `lock`: who deletes first could wait for one who waits for us.
    tx.write(_BEGIN, id=1, epoch=epoch)
    remove(tx, 0, _ALL)
    tx.write(_FORGET_NAMES)


def remove(tx: Transaction, first: int, last: int) -> None:
    """Removes the blocks that begin within `first` to `last`, and the directories that list any of them."""
    for statement in (_REMOVE_DIRECTORIES, _UNLIST, *_REMOVE):
        tx.write(statement, first=first, last=last)


class Contents(msgspec.Struct, frozen=True):
    """A complete block, wherever it comes from."""

    span: Span
    last_created_at: Millis
    terms: Iterable[tuple[str, BitMap]]
    """Sorted, without trigrams."""
    texts: list[tuple[str, BitMap]]
    """Sorted names and values."""


def contents_of(block: Block, last_created_at: Millis) -> Contents:
    """A block in memory."""
    return Contents(Span(block.first, block.last), last_created_at, block.all_terms(), block.all_texts())


def merged(tx: Transaction, span: Span) -> Contents:
    """The blocks within `span`, as one."""
    blocks = tx.all(_WITHIN, first=span.first, last=span.last)
    texts: dict[str, BitMap] = {}
    for block, _ in blocks:
        for row in tx.all(ALL_VALUES, block=block):
            ids = unpack(row.ids)
            texts[row.value] = texts[row.value] | ids if row.value in texts else ids
    rows = tx.all(_TERMS_TOGETHER, blocks=[block for block, _ in blocks], start=TRIGRAM + BEYOND)
    terms = (
        (term, BitMap.union(*(unpack(row.ids) for row in same))) for term, same in groupby(rows, lambda row: row.term)
    )
    return Contents(span, blocks[-1][1], terms, sorted(texts.items()))


def write(tx: Transaction, block: Contents, rest: Callable[[], None]) -> None:
    """Writes a block, in place of those within it. Calls `rest` before every row."""
    first, last = block.span.first, block.span.last
    remove(tx, first, last)
    named: list[dict[str, str]] = []

    def terms() -> Iterator[tuple[int, str, int, bytes]]:
        for term, ids in chain(trigrams_of(value for value, _ in block.texts), block.terms):
            rest()
            if term[:2] in NAMED:
                named.append({"term": term})
            yield first, term, len(ids), pack(ids)

    def values() -> Iterator[tuple[int, int, str, bytes]]:
        for number, (value, ids) in enumerate(block.texts):
            rest()
            yield first, number, value, pack(ids)

    tx.copy_in(search_terms, ["block", "term", "events", "ids"], terms())
    tx.copy_in(search_values, ["block", "number", "value", "ids"], values())
    tx.write_many(_ADD_NAME, named)
    tx.write(_ADD_BLOCK, first_id=first, last_id=last, last_created_at=block.last_created_at, directory=None, bit=0)


def pack(ids: BitMap) -> bytes:
    ids.run_optimize()
    return bytes(ids.serialize())


def unpack(packed: bytes) -> BitMap:
    return BitMap.deserialize(packed)
