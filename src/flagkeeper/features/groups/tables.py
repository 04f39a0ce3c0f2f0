"""Tables of groups. The roles of a group in projects stand with the access to those."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import audited, metadata

groups = Table(
    "groups",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("description", Text),
    Column("mappings_sso", Text, nullable=False),
    Column("root_role", BigInteger, ForeignKey("roles.id")),
    Column("scim_id", Text, unique=True),
    Column("created_by", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    info=audited("group", "id"),
)

group_users = Table(
    "group_users",
    metadata,
    Column("group_id", BigInteger, ForeignKey("groups.id"), primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, ForeignKey("users.id"), primary_key=True, autoincrement=False, index=True),
    Column("joined_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    info=audited("group", "group_id"),
)
