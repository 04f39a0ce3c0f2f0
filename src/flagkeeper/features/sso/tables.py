"""Table of whom identity providers know. It follows from logins, and is no state that events tell of."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text

from flagkeeper.storage.metadata import metadata

user_identities = Table(
    "user_identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
)
"""`subject`: what the provider calls a person, for ever; names and addresses change."""
