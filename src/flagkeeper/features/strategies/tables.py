"""Tables of strategy definitions."""

from sqlalchemy import Boolean, Column, Integer, Table, Text

from flagkeeper.storage.metadata import audited, metadata

strategies = Table(
    "strategies",
    metadata,
    Column("name", Text, primary_key=True),
    Column("display_name", Text),
    Column("description", Text),
    Column("title", Text),
    Column("parameters", Text, nullable=False),
    Column("built_in", Boolean, nullable=False),
    Column("deprecated", Boolean, nullable=False),
    Column("sort_order", Integer, nullable=False),
    info=audited("strategy", "name"),
)
