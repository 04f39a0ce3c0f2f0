"""Tables of links and mails. They are use, not state: what a link does is recorded when it is used."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Text

from flagkeeper.storage.metadata import metadata

account_links = Table(
    "account_links",
    metadata,
    Column("id_hash", Text, primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("created_by", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
"""`created_by`: the id of who asked for it. Only the link itself has what it is made of."""

mails = Table(
    "mails",
    metadata,
    Column("recipient", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("created_by", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, index=True),
    Column("error", Text),
)
"""Mails to be sent, without what they say: that is written when one is sent. `next_at`: when it is tried (again); null:
never again."""
