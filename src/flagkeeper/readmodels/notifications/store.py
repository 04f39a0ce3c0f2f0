"""Keeping what somebody has read. Private to this read model."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, delete

from flagkeeper.kernel.clock import Millis
from flagkeeper.readmodels.notifications.tables import notification_reads
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction

_READ = Write[Any](upsert(notification_reads, key=["user_id", "event_id"]))
_FORGET = Write[Any](
    delete(notification_reads).where(
        notification_reads.c.user_id == bindparam("owner"), notification_reads.c.event_id < bindparam("oldest")
    )
)


def read(tx: Transaction, user_id: int, event_ids: Collection[int], now: Millis, oldest: int) -> None:
    """Keeps that these have been read, the first time, and forgets what is older than the `oldest` that is shown."""
    rows = [{"user_id": user_id, "event_id": each, "read_at": now} for each in sorted(event_ids)]
    tx.write_many(_READ, rows)
    tx.write(_FORGET, owner=user_id, oldest=oldest)
