"""Tables of reminders."""

from sqlalchemy import Column, Table, Text

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import audited, metadata

reminders = Table(
    "reminders",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    info=audited("reminder", "id"),
)
