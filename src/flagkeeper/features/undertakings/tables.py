"""The table of undertakings. It is not audited: what they do is recorded as it is done."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from flagkeeper.storage.metadata import metadata

undertakings = Table(
    "undertakings",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("step", Text, nullable=False),
    Column("done", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("touched_at", BigInteger, nullable=False),
)
"""`step` is what is left to do, and `done` counts pieces."""
