"""Tables of tokens. No column holds a secret: `secret_hash` is the SHA-256 of the whole of it, in hex."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import audited, metadata

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("environment", Text, nullable=False, index=True),
    Column("projects", Text, nullable=False),
    Column("secret_hash", Text, nullable=False, unique=True),
    Column("shown", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    info=audited("api-token", "id"),
)

personal_access_tokens = Table(
    "personal_access_tokens",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("description", Text, nullable=False),
    Column("secret_hash", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    info=audited("pat", "id"),
)

token_last_seen = Table(
    "token_last_seen",
    metadata,
    Column("secret_hash", Text, primary_key=True),
    Column("seen_at", BigInteger, nullable=False),
)
"""When a token was last used. Usage, not state: it changes without an event."""

cdn_tokens = Table(
    "cdn_tokens",
    metadata,
    Column(
        "token_id", BigInteger, ForeignKey("api_tokens.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
)
"""Which API tokens were made for a content delivery network. What such a token is does not change by it."""
