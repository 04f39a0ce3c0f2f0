"""Loading a file into the log, in one transaction: all of it, verified, or nothing."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import IO, Any

import msgspec
from sqlalchemy import bindparam, select, update

from flagkeeper.eventlog.export.json_text import Ndjson
from flagkeeper.eventlog.import_file.line import LineReader
from flagkeeper.eventlog.read import EVENT_COLUMNS, EventRow, LogEvent, View
from flagkeeper.eventlog.tables import events, log_head
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Conflict
from flagkeeper.storage.database import Database
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

LONGEST_LINE = 16_000_000
"""Bytes. No event of ours comes near it: what is longer is no NDJSON."""
BATCH = 500
"""Events between two words on how far it is, and per read when what was stored is compared."""

_Told = Callable[[int, int], None]
"""Told how many bytes of the file are read, and how many events are verified."""
_COLUMNS = LogEvent.__struct_fields__
_LAST_ID = Query(select(log_head.c.last_id).with_for_update(), int)
_MOVE_HEAD = Write[Any](
    update(log_head)
    .where(log_head.c.id == bindparam("head"))
    .values(last_id=bindparam("last"), last_created_at=bindparam("moment"))
)
_AFTER = Query(
    select(*EVENT_COLUMNS).where(events.c.id > bindparam("after")).order_by(events.c.id).limit(bindparam("limit")),
    EventRow,
)


class Imported(msgspec.Struct, frozen=True):
    """What an import brought."""

    events: int
    last_id: int
    sha256: str
    """Of all events as NDJSON, an administrator's view, with links to the address that the import was given."""


def import_file(database: Database, file: IO[bytes], address: str, told: _Told) -> Imported:
    """Makes the events of `file` the log of `database`, which must be migrated and without events.

    `address` is the public address of the server that wrote the file: links to it, in summaries, become links to
    whichever server shows them.

    Raises:
        Conflict: something has happened in this database already.
        BadData: a line is no event, or does not follow the one before it; the message names the line and the field.
        OSError: the file cannot be read.
        sqlite3.Error, psycopg.Error: the database cannot be written.
    """
    connection = database.connect(filling=True)
    try:
        connection.begin()
        imported = _load(Transaction(connection), database, file, address, told)
        connection.commit()
    finally:
        connection.close()
    return imported


def _load(tx: Transaction, database: Database, file: IO[bytes], address: str, told: _Told) -> Imported:
    if last_id := tx.first(_LAST_ID):
        raise Conflict(
            f"{database.shown()} has {last_id} events already. Import into a new database, before a server ran on it."
        )
    reader, expected = LineReader(address, clock.now()), _Seen(address)
    tx.copy_in(events, _COLUMNS, _rows(file, reader, expected, told))
    if not reader.count:
        raise BadData("There is no event in the file.")
    tx.write(_MOVE_HEAD, head=1, last=reader.count, moment=reader.last_created_at)
    stored = _Seen(address)
    while batch := tx.all(_AFTER, after=stored.last_id, limit=BATCH):
        stored.add(batch)
        told(reader.bytes_read, stored.events)
    if stored.result() != expected.result():
        raise Conflict(
            f"The database gave back {stored.events} events, the last of which is {stored.last_id}, and they are not "
            f"the {expected.events} of the file. Nothing was kept."
        )
    return stored.result()


def _rows(file: IO[bytes], reader: LineReader, expected: "_Seen", told: _Told) -> Iterator[tuple[Any, ...]]:
    """What the lines say, as rows in the order of `_COLUMNS`."""
    lines = iter(lambda: file.readline(LONGEST_LINE), b"")
    while batch := [reader.read(line) for line in islice(lines, BATCH)]:
        expected.add([event.row for event in batch])
        told(reader.bytes_read, 0)
        for row, subject, reach in batch:
            yield *msgspec.structs.astuple(row), subject, reach


class _Seen:
    """Events that passed by: how many, the last one, and a checksum of what an export shows of them."""

    def __init__(self, address: str) -> None:
        self.events = 0
        self.last_id = 0
        self._lines = Ndjson(View(address, with_ip=True))
        self._sha256 = hashlib.sha256()

    def add(self, rows: Sequence[EventRow]) -> None:
        self.events += len(rows)
        self.last_id = rows[-1].id
        self._sha256.update(self._lines.batch(rows))

    def result(self) -> Imported:
        return Imported(self.events, self.last_id, self._sha256.hexdigest())
