"""Tables of sign-up links. No column holds a secret: `secret_hash` is its SHA-256, in hex."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Table, Text

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import audited, metadata

signup_links = Table(
    "signup_links",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("secret_hash", Text, nullable=False, unique=True),
    Column("shown", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    info=audited("invite-link", "id"),
)

signup_link_users = Table(
    "signup_link_users",
    metadata,
    Column(
        "link_id",
        BigInteger,
        ForeignKey("signup_links.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column(
        "user_id",
        BigInteger,
        ForeignKey("users.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    ),
)
"""Who has come by a link. What the link is does not change by it; the event says it of the link and of the user."""
