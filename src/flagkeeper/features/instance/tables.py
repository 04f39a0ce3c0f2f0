"""Table of settings; one that nobody has changed has no row."""

from sqlalchemy import Column, Table, Text

from flagkeeper.storage.metadata import audited, metadata

settings = Table(
    "settings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("content", Text, nullable=False),
    Column("secret", Text),
    info=audited("setting", "id"),
)
"""`content`: JSON, as events show it. `secret`: what no event shows, sealed (`kernel.secrets`), or only its hash."""
