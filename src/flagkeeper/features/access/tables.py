"""Tables of access."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text, UniqueConstraint

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import audited, metadata

roles = Table(
    "roles",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False),
    Column("type", Text, nullable=False),
    info=audited("role", "id"),
)

role_permissions = Table(
    "role_permissions",
    metadata,
    Column("role_id", BigInteger, ForeignKey("roles.id"), nullable=False),
    Column("permission", Text, nullable=False),
    Column("environment", Text),
    UniqueConstraint("role_id", "permission", "environment"),
    info=audited("role", "role_id"),
)
"""A permission without an environment holds in every one, also in those that are yet to come."""

user_roles = Table(
    "user_roles",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("role_id", BigInteger, ForeignKey("roles.id"), primary_key=True, autoincrement=False),
    Column("project", Text, primary_key=True, index=True),
    info=audited("project-access", "project"),
)
"""Roles in projects. The one root role of a user stands with the user."""

group_roles = Table(
    "group_roles",
    metadata,
    Column("group_id", BigInteger, primary_key=True, autoincrement=False),
    Column("role_id", BigInteger, ForeignKey("roles.id"), primary_key=True, autoincrement=False),
    Column("project", Text, primary_key=True, index=True),
    info=audited("project-access", "project"),
)
"""Roles of groups in projects: everybody in the group has them."""
