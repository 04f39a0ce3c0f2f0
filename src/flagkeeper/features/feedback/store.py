"""Saving feedback. Private to this slice."""

from typing import Any

from msgspec.structs import asdict
from sqlalchemy import bindparam, delete, insert

from flagkeeper.features.feedback.model import Feedback
from flagkeeper.features.feedback.tables import feedback
from flagkeeper.storage.sequences import next_id
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction

_INSERT = Write[Any](insert(feedback))
_FORGET = Write[Any](delete(feedback).where(feedback.c.id <= bindparam("last")))


def new_id(tx: Transaction) -> int:
    return next_id(tx, "feedback")


def add(tx: Transaction, given: Feedback, most: int) -> None:
    """Keeps it, and forgets all but the last `most`."""
    tx.write(_INSERT, **asdict(given))
    tx.write(_FORGET, last=given.id - most)
