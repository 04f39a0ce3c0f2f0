"""Table of settings; one that nobody has changed has no row."""

from sqlalchemy import Column, Table, Text

from flagkeeper.storage.metadata import audited, metadata

settings = Table(
    "settings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("content", Text, nullable=False),
    info=audited("setting", "id"),
)
"""`content`: JSON, as events show it."""
