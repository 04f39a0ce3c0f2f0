"""Tables of saved searches."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Table, Text, UniqueConstraint

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import audited, metadata

saved_searches = Table(
    "saved_searches",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("description", Text),
    Column("shared", Boolean, nullable=False),
    Column("user_id", BigInteger, ForeignKey("users.id")),
    Column("created_by", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("user_id", "name"),
    info=audited("search", "id"),
)
"""Those without a user may have the same name: what several people shared stays when they are gone."""
