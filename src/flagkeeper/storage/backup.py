"""Backups: every table, as of one moment, in one file that either database can be restored from.

The file is a gzipped tar. Its first member, `backup.json`, says what follows (`Contents`); then come the rows of each
table, in an order that foreign keys allow, as JSON lines in members `<table>/<number>.jsonl`; the last member,
`checksums.json`, has the SHA-256 of each table's lines. A file without it was cut off.
"""

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlalchemy import Column, MetaData, Table, bindparam, delete, func, insert, select, tuple_

from flagkeeper import __version__
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Conflict
from flagkeeper.kernel.progress import Progress
from flagkeeper.storage.database import Database
from flagkeeper.storage.metadata import AUDITED
from flagkeeper.storage.migrate import current_revision, newest_revision
from flagkeeper.storage.statement import Query, Write, columns
from flagkeeper.storage.transaction import Transaction

FORMAT = 1
LEFT_OUT = frozenset({"leases", "log_writing", "storage_probe"})
"""Tables that belong to processes and not to the data."""
PAGE = 500
"""Rows per read and per write."""
MEMBER = 4_000_000
"""Bytes after which a table's lines go on in another member."""
_FIRST, _LAST = "backup.json", "checksums.json"
_DAMAGE = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, msgspec.MsgspecError, UnicodeDecodeError)
"""What reading a damaged file may raise."""


class TableContents(msgspec.Struct, frozen=True):
    columns: list[str]
    rows: int


class Contents(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a backup holds."""

    format: int
    flagkeeper: str
    """The version that wrote it."""
    revision: str
    """The schema's."""
    created_at: str
    database: str
    """`sqlite` or `postgresql`: for the reader only, either can be restored into either."""
    tables: dict[str, TableContents]

    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


def back_up(database: Database, tables: MetaData, path: Path, progress: Progress) -> Contents:
    """Writes a backup of `database` to `path`, as `back_up_into`. The file is readable by its owner only: it holds
    hashes of passwords and tokens, and the settings of integrations.

    Raises:
        Conflict: `path` exists, or the schema is not this version's.
        OSError: the file cannot be written.
        sqlite3.Error, psycopg.Error: the database cannot be read.
    """
    if path.exists():
        raise Conflict(f"{path} exists already. Name another file.")
    with _new_file(path) as file:
        return back_up_into(database, tables, file, progress)


def back_up_into(database: Database, tables: MetaData, file: IO[bytes], progress: Progress) -> Contents:
    """Writes a backup of `database` to an open file or pipe, while servers go on reading and writing. One transaction
    sees it all, so the backup is the database as of one moment. What is cut off cannot be restored.

    Raises:
        Conflict: the schema is not this version's. Nothing was written.
        OSError: it cannot be written.
        sqlite3.Error, psycopg.Error: the database cannot be read.
    """
    if current_revision(database) != newest_revision():
        raise Conflict("The database has the schema of another version: run `flagkeeper migrate` first.")
    connection = database.connect(readonly=True)
    try:
        connection.begin()
        tx = Transaction(connection)
        wanted = _tables(tables)
        contents = Contents(
            format=FORMAT,
            flagkeeper=__version__,
            revision=newest_revision(),
            created_at=clock.to_iso(clock.now()),
            database=database.dialect,
            tables={str(table.name): TableContents(_names(table), count_rows(tx, table)) for table in wanted},
        )
        _write(tx, wanted, contents, file, progress)
    finally:
        connection.close()
    return contents


def load(tx: Transaction, tables: MetaData, path: Path, progress: Progress) -> Contents:
    """Fills the tables of an empty database with what is in the backup at `path`, and checks that all of it arrived.
    What a migration put into tables (never into audited ones) makes way.

    Raises:
        BadData: the file is no backup, is damaged, or has another schema. Roll back then.
        OSError: the file cannot be read.
    """
    wanted = {table.name: table for table in _tables(tables)}
    contents = _checked(path, list(wanted.values()))
    for table in reversed(wanted.values()):
        if AUDITED not in table.info:
            tx.write(Write(delete(table)))
    loaders = {name: _Loader(table) for name, table in wanted.items()}
    total, done = contents.rows(), 0
    with _members(path) as members:
        for name, content in members:
            if name in (_FIRST, _LAST):
                continue
            for rows in loaders[_table_of(name)].load(tx, content):
                done += rows
                progress(done, total)
    for name, table in wanted.items():
        if count_rows(tx, table) != contents.tables[name].rows:
            raise BadData(f"{path} is damaged: it does not have all rows of {name}.")
    return contents


def _checked(path: Path, tables: list[Table]) -> Contents:
    """What the backup at `path` holds, once it is certain that it holds it and that these tables can take it."""
    checksums: dict[str, str] = {}
    with _members(path) as members:
        contents = _contents(members, tables)
        sums = {table.name: hashlib.sha256() for table in tables}
        for name, content in members:
            if name == _LAST:
                checksums = msgspec.json.decode(content, type=dict[str, str])
            elif _table_of(name) in sums:
                sums[_table_of(name)].update(content)
            else:
                raise BadData(f"{path} is damaged: {name} belongs to no table.")
    for name, found in sums.items():
        if found.hexdigest() != checksums.get(name):
            raise BadData(f"{path} is damaged: the rows of {name} are not those that were written.")
    return contents


def _table_of(member: str) -> str:
    return member.partition("/")[0]


def count_rows(tx: Transaction, table: Table) -> int:
    return tx.first(Query(select(func.count()).select_from(table), int)) or 0


def _tables(tables: MetaData) -> list[Table]:
    """Those that are backed up, each after the ones that it refers to."""
    return [table for table in tables.sorted_tables if table.name not in LEFT_OUT]


def _stored(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if column.computed is None]


def _names(table: Table) -> list[str]:
    return [str(column.name) for column in _stored(table)]


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name only when it is complete and on the disk."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def _write(tx: Transaction, tables: list[Table], contents: Contents, file: IO[bytes], progress: Progress) -> None:
    total, done = contents.rows(), 0
    checksums = {}
    with (
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=4, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        _add(tar, _FIRST, msgspec.json.format(msgspec.json.encode(contents)))
        for table in tables:
            checksum, lines, member = hashlib.sha256(), bytearray(), 0
            for page in _pages(tx, table):
                lines += msgspec.json.Encoder().encode_lines(page)
                if len(lines) >= MEMBER:
                    member += 1
                    _add(tar, f"{table.name}/{member:06}.jsonl", lines, checksum)
                    lines.clear()
                done += len(page)
                progress(done, total)
            if lines:
                _add(tar, f"{table.name}/{member + 1:06}.jsonl", lines, checksum)
            checksums[str(table.name)] = checksum.hexdigest()
        _add(tar, _LAST, msgspec.json.format(msgspec.json.encode(checksums)))


def _add(tar: tarfile.TarFile, name: str, content: bytes | bytearray, checksum: Any = None) -> None:
    if checksum is not None:
        checksum.update(content)
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o600
    member.mtime = clock.now() // clock.SECOND
    tar.addfile(member, io.BytesIO(content))


def _pages(tx: Transaction, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """All rows in the order of the primary key, some at a time.

    A table without a key is small: it is read at once.
    """
    key = list(table.primary_key.columns)
    stored = _stored(table)
    if not key:
        yield tx.all(Query(select(*stored), columns))
        return
    positions = [next(i for i, each in enumerate(stored) if each is column) for column in key]
    page = select(*stored).order_by(*key).limit(PAGE)
    after = tuple_(*(bindparam(f"after_{column.name}", type_=column.type) for column in key))
    first, following = Query(page, columns), Query(page.where(tuple_(*key) > after), columns)
    rows = tx.all(first)
    while rows:
        yield rows
        if len(rows) < PAGE:
            return
        last = rows[-1]
        rows = tx.all(following, **{f"after_{column.name}": last[i] for column, i in zip(key, positions, strict=True)})


class _Loader:
    """Puts the lines of one table into the database."""

    def __init__(self, table: Table) -> None:
        stored = _stored(table)
        self._names = _names(table)
        kinds: Any = tuple(each.type.python_type | None if each.nullable else each.type.python_type for each in stored)
        self._decoder: msgspec.json.Decoder[tuple[Any, ...]] = msgspec.json.Decoder(tuple.__class_getitem__(kinds))
        # A twin that is not audited: the events of these rows come from the same backup.
        twin = table.to_metadata(MetaData())
        twin.info = {}
        self._insert = Write[Any](insert(twin).values({name: bindparam(name) for name in self._names}))

    def load(self, tx: Transaction, content: bytes) -> Iterator[int]:
        rows = self._decoder.decode_lines(content)
        for start in range(0, len(rows), PAGE):
            page = rows[start : start + PAGE]
            tx.write_many(self._insert, [dict(zip(self._names, row, strict=True)) for row in page])
            yield len(page)


@contextmanager
def _members(path: Path) -> Iterator[Iterator[tuple[str, bytes]]]:
    """The names and contents of the file's members; what a damaged file raises becomes `BadData`."""
    try:
        with gzip.open(path, "rb") as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            yield _to_the_end(tar, packed)
    except _DAMAGE as error:
        raise BadData(f"{path} is no backup, or it is damaged: {error}") from error


def _to_the_end(tar: tarfile.TarFile, packed: gzip.GzipFile) -> Iterator[tuple[str, bytes]]:
    for member in tar:
        yield member.name, _content(tar, member)
    # The compressed file ends with its own checksum: one that was cut off behind the last member is noticed here.
    while packed.read(MEMBER):
        pass


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return file.read() if file is not None else b""


def _contents(members: Iterator[tuple[str, bytes]], tables: list[Table]) -> Contents:
    """The first member, if this version can restore what it announces."""
    name, content = next(members, ("", b""))
    if name != _FIRST:
        raise BadData(f"This is no backup of Flagkeeper: it does not begin with {_FIRST}.")
    announced = msgspec.json.decode(content, type=_Announced)
    if announced.format != FORMAT:
        raise BadData(f"The backup has format {announced.format}; this version of Flagkeeper reads format {FORMAT}.")
    contents = msgspec.json.decode(content, type=Contents)
    expected = {table.name: _names(table) for table in tables}
    found = {name: table.columns for name, table in contents.tables.items()}
    if contents.revision != newest_revision() or found != expected:
        raise BadData(
            f"The backup has schema {contents.revision} of Flagkeeper {contents.flagkeeper}, and this is {__version__} "
            f"with schema {newest_revision()}. Restore it with {contents.flagkeeper}, then upgrade."
        )
    return contents


class _Announced(msgspec.Struct, frozen=True):
    format: int
