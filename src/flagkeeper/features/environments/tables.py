"""Tables of environments."""

from sqlalchemy import Boolean, Column, Integer, Table, Text

from flagkeeper.storage.metadata import audited, metadata

environments = Table(
    "environments",
    metadata,
    Column("name", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("sort_order", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("protected", Boolean, nullable=False),
    Column("required_approvals", Integer),
    info=audited("environment", "name"),
)
