"""What a reminder is, and what its text may be. Pure."""

from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.own import ReminderData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel.errors import BadData, Detail

LONGEST_TEXT = 200


class Reminder(msgspec.Struct, frozen=True):
    id: int
    text: str

    def payload(self) -> ReminderData:
        return ReminderData(id=self.id, text=self.text)


class ReminderState(Snapshot, frozen=True, kw_only=True):
    kind: ClassVar = "reminder"
    reminder: ReminderData | None
    """None: it was deleted."""


def checked(text: str) -> str:
    """Raises `BadData` for a text that is empty or too long."""
    if not 1 <= len(text.strip()) <= LONGEST_TEXT:
        message = f"A reminder has 1 to {LONGEST_TEXT} characters."
        raise BadData(message, Detail(message, "/body/text"))
    return text.strip()
