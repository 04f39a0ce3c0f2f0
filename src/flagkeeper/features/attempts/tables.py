"""Table of attempts. They are use, not state: no event tells of one."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from flagkeeper.storage.metadata import metadata

attempts = Table(
    "attempts",
    metadata,
    Column("what", Text, primary_key=True),
    Column("who", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("ends_at", BigInteger, nullable=False, index=True),
)
"""`ends_at`: when the row no longer counts."""
