"""The table of edges. It is not audited: that an edge runs is no change that anybody made."""

from sqlalchemy import BigInteger, Column, Table, Text

from flagkeeper.storage.metadata import metadata

edge_instances = Table(
    "edge_instances",
    metadata,
    Column("id", Text, primary_key=True),
    Column("reported_at", BigInteger, nullable=False, index=True),
    Column("report", Text, nullable=False),
)
"""`report`: the newest one, `model.EdgeInstance` as JSON."""
