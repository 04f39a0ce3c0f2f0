"""Which notifications somebody has read. None is stored itself: they are events."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table

from flagkeeper.storage.metadata import metadata

notification_reads = Table(
    "notification_reads",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, primary_key=True, autoincrement=False),
    Column("read_at", BigInteger, nullable=False),
)
"""Only of events that are still shown: older ones are forgotten whenever something is read."""
