"""Tables of integrations, and of the key that seals their secrets where the settings bring none."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import audited, metadata

integrations = Table(
    "integrations",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("provider", Text, nullable=False),
    Column("description", Text),
    Column("enabled", Boolean, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("projects", Text, nullable=False),
    Column("environments", Text, nullable=False),
    Column("query", Text),
    info=audited("integration", "id"),
)
"""`parameters`, `events`, `projects` and `environments` are JSON; sensitive parameters are sealed."""

secret_keys = Table(
    "secret_keys",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
"""One row at most, made by whichever process starts first (docs/adr/0102-secrets-at-rest.md)."""
