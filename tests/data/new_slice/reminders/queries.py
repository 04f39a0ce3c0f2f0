"""Reading reminders, for everybody."""

from flagkeeper.features.reminders.model import Reminder
from flagkeeper.features.reminders.tables import reminders
from sqlalchemy import bindparam, select

from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_ALL = Query(select(reminders.c.id, reminders.c.text).order_by(reminders.c.id), Reminder)
_BY_ID = Query(select(reminders.c.id, reminders.c.text).where(reminders.c.id == bindparam("id")), Reminder)


def all_reminders(tx: Transaction) -> list[Reminder]:
    return tx.all(_ALL)


def reminder(tx: Transaction, reminder_id: int) -> Reminder:
    """Raises `NotFound`."""
    found = tx.first(_BY_ID, id=reminder_id)
    if found is None:
        raise NotFound(f"There is no reminder with the id {reminder_id}.")
    return found
