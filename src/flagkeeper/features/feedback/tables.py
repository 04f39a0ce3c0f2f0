"""Table of what people say of the web interface."""

from sqlalchemy import BigInteger, Column, Float, Table, Text

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import metadata

feedback = Table(
    "feedback",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("created_at", BigInteger, nullable=False),
    Column("category", Text, nullable=False),
    Column("user_type", Text),
    Column("difficulty_score", Float),
    Column("positive", Text),
    Column("areas_for_improvement", Text),
)
"""Nothing in it says who it was."""
