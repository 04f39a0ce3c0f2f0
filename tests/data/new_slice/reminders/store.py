"""Loading and saving reminders, for commands. Private to this slice."""

from typing import Any

from flagkeeper.features.reminders.model import Reminder
from flagkeeper.features.reminders.tables import reminders
from sqlalchemy import bindparam, delete, insert, select, update

from flagkeeper.storage.sequences import next_id
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_HAS_ID = reminders.c.id == bindparam("reminder_id")
_BY_ID = Query(select(reminders.c.id, reminders.c.text).where(_HAS_ID).with_for_update(), Reminder)
_INSERT = Write[Any](insert(reminders))
_UPDATE = Write[Any](update(reminders).where(reminders.c.id == bindparam("id")).values(text=bindparam("text")))
_DELETE = Write[Any](delete(reminders).where(reminders.c.id == bindparam("id")))


def load(tx: Transaction, reminder_id: int) -> Reminder | None:
    """The reminder, locked until the unit ends."""
    return tx.first(_BY_ID, reminder_id=reminder_id)


def add(tx: Transaction, text: str) -> Reminder:
    reminder = Reminder(next_id(tx, "reminders"), text)
    tx.write(_INSERT, id=reminder.id, text=text)
    return reminder


def save(tx: Transaction, reminder: Reminder) -> None:
    tx.write(_UPDATE, id=reminder.id, text=reminder.text)


def remove(tx: Transaction, reminder_id: int) -> None:
    tx.write(_DELETE, id=reminder_id)
