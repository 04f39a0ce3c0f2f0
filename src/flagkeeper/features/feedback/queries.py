"""Reading feedback."""

from sqlalchemy import select

from flagkeeper.features.feedback.model import Feedback
from flagkeeper.features.feedback.tables import feedback
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_NAMES = tuple(column.name for column in feedback.c)
_ALL = Query(
    select(*feedback.c).order_by(feedback.c.id.desc()),
    lambda *values: Feedback(**dict(zip(_NAMES, values, strict=True))),
)


def all_feedback(tx: Transaction) -> list[Feedback]:
    """The newest first."""
    return tx.all(_ALL)
