"""Table of logins. They are use, not state: no event tells of one."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import metadata

logins = Table(
    "logins",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("username", Text),
    Column("auth_type", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
    Column("successful", Boolean, nullable=False),
    Column("ip", Text, nullable=False),
    Column("failure_reason", Text),
    Index("ix_logins_successful_id", "successful", "id"),
)
