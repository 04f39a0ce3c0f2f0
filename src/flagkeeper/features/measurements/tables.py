"""Tables of what applications measure. None is audited: measuring changes nothing."""

from sqlalchemy import BigInteger, Column, Float, Table, Text

from flagkeeper.storage.metadata import metadata

measured_metrics = Table(
    "measured_metrics",
    metadata,
    Column("source", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("help", Text, nullable=False),
)

measured_series = Table(
    "measured_series",
    metadata,
    Column("source", Text, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("sample", Text, primary_key=True),
    Column("labels", Text, primary_key=True),
    Column("value", Float(53), nullable=False),
    Column("seen_at", BigInteger, nullable=False, index=True),
)
"""The numbers of all servers together. `labels` is a JSON object, its keys in order."""
