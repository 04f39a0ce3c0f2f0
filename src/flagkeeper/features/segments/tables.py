"""Tables of segments."""

from sqlalchemy import BigInteger, Column, Table, Text

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import audited, metadata

segments = Table(
    "segments",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("description", Text),
    Column("constraints", Text, nullable=False),
    Column("project", Text),
    Column("created_by", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    info=audited("segment", "id"),
)
