"""Changing reminders: load, decide, write, record."""

from flagkeeper.features.reminders import store
from flagkeeper.features.reminders.model import Reminder, ReminderState, checked

from flagkeeper.eventlog.catalogue.own import ReminderChanged, ReminderCreated, ReminderDeleted
from flagkeeper.eventlog.unit import Unit
from flagkeeper.kernel.errors import NotFound


def create(unit: Unit, text: str) -> Reminder:
    """Raises `BadData`."""
    new = store.add(unit.tx, checked(text))
    unit.record(ReminderCreated(data=new.payload()), ReminderState(reminder=new.payload()))
    return new


def update(unit: Unit, reminder_id: int, text: str) -> Reminder:
    """Raises `NotFound` or `BadData`."""
    old, new = _load(unit, reminder_id), Reminder(reminder_id, checked(text))
    if new != old:
        store.save(unit.tx, new)
        event = ReminderChanged(data=new.payload(), pre_data=old.payload())
        unit.record(event, ReminderState(reminder=new.payload()))
    return new


def delete(unit: Unit, reminder_id: int) -> None:
    """Raises `NotFound`."""
    old = _load(unit, reminder_id)
    store.remove(unit.tx, reminder_id)
    unit.record(ReminderDeleted(pre_data=old.payload()), ReminderState(reminder=None))


def _load(unit: Unit, reminder_id: int) -> Reminder:
    found = store.load(unit.tx, reminder_id)
    if found is None:
        raise NotFound(f"There is no reminder with the id {reminder_id}.")
    return found
