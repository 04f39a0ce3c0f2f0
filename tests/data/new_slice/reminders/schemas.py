"""Reminders on the wire."""

import msgspec
from flagkeeper.features.reminders.model import Reminder


class ReminderBody(msgspec.Struct, frozen=True):
    text: str


class ReminderList(msgspec.Struct, frozen=True):
    reminders: list[Reminder]
