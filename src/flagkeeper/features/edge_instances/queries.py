"""Reading which edges are connected."""

import msgspec
from sqlalchemy import bindparam, select

from flagkeeper.features.edge_instances.model import KEPT, EdgeInstance
from flagkeeper.features.edge_instances.tables import edge_instances
from flagkeeper.kernel import clock
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_read = msgspec.json.Decoder(EdgeInstance).decode
_HEARD_OF = Query(
    select(edge_instances.c.reported_at, edge_instances.c.report)
    .where(edge_instances.c.reported_at > bindparam("since"))
    .order_by(edge_instances.c.reported_at.desc(), edge_instances.c.id),
    lambda reported_at, report: (_read(report), int(reported_at)),
)


def heard_of(tx: Transaction) -> list[tuple[EdgeInstance, clock.Millis]]:
    """Edges that are kept, each with when it was last heard of, on any server; the latest first."""
    return tx.all(_HEARD_OF, since=clock.now() - KEPT)
