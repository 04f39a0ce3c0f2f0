"""Reading logins."""

from sqlalchemy import bindparam, select

from flagkeeper.features.logins.model import KEPT, LoginRecord
from flagkeeper.features.logins.tables import logins
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_ALL = Query(
    select(
        logins.c.id,
        logins.c.username,
        logins.c.auth_type,
        logins.c.created_at,
        logins.c.successful,
        logins.c.ip,
        logins.c.failure_reason,
    )
    .where(logins.c.created_at >= bindparam("since"))
    .order_by(logins.c.id.desc()),
    LoginRecord,
)


def history(tx: Transaction, now: Millis) -> list[LoginRecord]:
    """Every login that is kept, the newest first."""
    return tx.all(_ALL, since=now - KEPT)
