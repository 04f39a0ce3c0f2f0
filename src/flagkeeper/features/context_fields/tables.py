"""Tables of context fields."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text

from flagkeeper.storage.metadata import audited, metadata

context_fields = Table(
    "context_fields",
    metadata,
    Column("name", Text, primary_key=True),
    Column("description", Text),
    Column("legal_values", Text, nullable=False),
    Column("stickiness", Boolean, nullable=False),
    Column("sort_order", Integer, nullable=False),
    Column("project", Text),
    Column("created_at", BigInteger, nullable=False),
    info=audited("context-field", "name"),
)
"""Legal values are a list in JSON. A name is given once, whatever project a field belongs to: constraints know fields
by their names alone."""
