"""Restoring a backup: the log comes back as it was, under a new epoch, and says that it was restored."""

from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, bindparam, select, update

from flagkeeper.eventlog.append import append, lock
from flagkeeper.eventlog.catalogue.own import FlagkeeperRestored, RestoredLogData
from flagkeeper.eventlog.tables import log_head
from flagkeeper.eventlog.unit import Unit
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.change_context import ChangeContext
from flagkeeper.kernel.errors import Conflict
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.kernel.progress import Progress
from flagkeeper.storage.backup import Contents, load
from flagkeeper.storage.database import Database
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_LAST_ID = Query(select(log_head.c.last_id).with_for_update(), int)
_BEGIN_EPOCH = Write[Any](update(log_head).where(log_head.c.id == bindparam("head")).values(epoch=bindparam("new")))


def restore(
    database: Database, tables: MetaData, path: Path, actor: Actor, context: ChangeContext, progress: Progress
) -> Contents:
    """Brings the backup at `path` into `database`, which must be migrated and empty: all of it, or nothing.

    Raises:
        Conflict: something has happened in this database already.
        BadData: the file is no backup, is damaged, or has another schema.
        OSError: the file cannot be read.
        sqlite3.Error, psycopg.Error: the database cannot be written.
    """
    connection = database.connect()
    try:
        connection.begin()
        _demand_empty(Transaction(connection), database)
        contents = load(Transaction(connection), tables, path, progress)
        _say_so(Transaction(connection), actor, context)
        connection.commit()
    finally:
        connection.close()
    return contents


def _demand_empty(tx: Transaction, database: Database) -> None:
    """Nothing changes without an event: a database is empty when its log is. The log is held until the end."""
    if last_id := tx.first(_LAST_ID):
        raise Conflict(
            f"{database.shown()} is not empty: it has {last_id} events. Restore into a new database, and switch to it."
        )


def _say_so(tx: Transaction, actor: Actor, context: ChangeContext) -> None:
    """Entity tags and positions that clients and followers keep may be ahead of the restored log, so it gets a new
    epoch: they count no longer."""
    epoch = new_ulid()
    head = lock(tx)
    tx.write(_BEGIN_EPOCH, head=1, new=epoch)
    unit = Unit(tx, actor, new_ulid(), head.now, context=context)
    unit.record(FlagkeeperRestored(data=RestoredLogData(epoch=epoch, last_id=head.last_id)))
    append(tx, unit.drafts(lambda _tx, _flags: {}), head)
