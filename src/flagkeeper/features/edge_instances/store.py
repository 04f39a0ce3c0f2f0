"""Saving what edges report. Private to this slice."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, select

from flagkeeper.features.edge_instances.model import MOST_INSTANCES, EdgeInstance
from flagkeeper.features.edge_instances.tables import edge_instances
from flagkeeper.kernel import clock
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction

_encode = msgspec.json.Encoder().encode
_SAVE = Write[Any](upsert(edge_instances, key=["id"], update=["reported_at", "report"]))
_FORGET = Write[Any](delete(edge_instances).where(edge_instances.c.reported_at <= bindparam("until")))
_TOO_MANY = Write[Any](
    delete(edge_instances).where(
        edge_instances.c.id.in_(
            select(edge_instances.c.id)
            .order_by(edge_instances.c.reported_at.desc(), edge_instances.c.id)
            .offset(MOST_INSTANCES)
        )
    )
)


def save(tx: Transaction, instances: Iterable[EdgeInstance], now: clock.Millis) -> None:
    """Rows are written in the order of their keys, so that processes never wait for each other in a circle."""
    ordered = sorted(instances, key=lambda each: each.id)
    tx.write_many(_SAVE, [{"id": each.id, "reported_at": now, "report": _encode(each).decode()} for each in ordered])


def forget(tx: Transaction, until: clock.Millis) -> None:
    tx.write(_FORGET, until=until)


def keep_newest(tx: Transaction) -> None:
    """Forgets those beyond `MOST_INSTANCES` that were heard of longest ago."""
    tx.write(_TOO_MANY)
