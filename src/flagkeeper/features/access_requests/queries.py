"""Reading requests for access."""

from collections.abc import Sequence

from sqlalchemy import select

from flagkeeper.features.access_requests.model import AccessRequest
from flagkeeper.features.access_requests.store import COLUMNS, to_request
from flagkeeper.features.access_requests.tables import access_requests
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_ALL = Query(select(*COLUMNS).order_by(access_requests.c.created_at, access_requests.c.id), to_request)
_BY_IDS = Query(select(*COLUMNS).where(any_of(access_requests.c.id, "ids")), to_request)


def open_requests(tx: Transaction) -> list[AccessRequest]:
    """Those that nobody has decided on; the longest waiting first."""
    return tx.all(_ALL)


def requests_of(tx: Transaction, ids: Sequence[str]) -> list[AccessRequest]:
    """Those of `ids` that are open."""
    return tx.all(_BY_IDS, ids=list(ids))
