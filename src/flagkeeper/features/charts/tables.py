"""Table of charts."""

from sqlalchemy import BigInteger, Column, Table, Text

from flagkeeper.storage.metadata import audited, metadata

impact_charts = Table(
    "impact_charts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("flag", Text, index=True),
    Column("metric_name", Text, nullable=False),
    Column("time_range", Text, nullable=False),
    Column("aggregation_mode", Text, nullable=False),
    Column("y_axis_min", Text, nullable=False),
    Column("label_selectors", Text, nullable=False),
    Column("title", Text),
    Column("created_at", BigInteger, nullable=False),
    info=audited("impact-metric", "id"),
)
"""`label_selectors` is a JSON object of lists. Which project a chart belongs to, its flag says."""
