"""What the log says of the server."""

import msgspec
from sqlalchemy import select

from flagkeeper.eventlog.catalogue.system import DbPoolUpdate, PoolData
from flagkeeper.eventlog.tables import events
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_POOL = Query(
    select(events.c.data).where(events.c.type == DbPoolUpdate.about.type).order_by(events.c.id.desc()).limit(1),
    msgspec.json.Decoder(PoolData).decode,
)


def pool_recorded(tx: Transaction) -> PoolData | None:
    """The numbers of the database pool that were recorded last. None: none were, or they are in the archive."""
    return tx.first(_POOL)
