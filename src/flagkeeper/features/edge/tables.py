"""Tables of what Edge asked for. The tokens themselves are those of `tokens`; no column holds a secret."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text

from flagkeeper.storage.metadata import metadata

edge_tokens = Table(
    "edge_tokens",
    metadata,
    Column("environment", Text, primary_key=True),
    Column("projects", Text, primary_key=True),
    Column("token_id", BigInteger, ForeignKey("api_tokens.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("salt", Text, nullable=False),
)
"""`salt`: what the token's secret is derived from, together with the secret that Edge shares with the server."""

edge_nonces = Table(
    "edge_nonces",
    metadata,
    Column("nonce", Text, primary_key=True),
    Column("seen_at", BigInteger, nullable=False, index=True),
)
"""Of requests that were taken in lately: none is taken in twice."""
