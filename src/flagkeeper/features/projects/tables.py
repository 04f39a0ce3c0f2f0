"""Tables of projects."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from flagkeeper.storage.metadata import audited, metadata

projects = Table(
    "projects",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("mode", Text, nullable=False),
    Column("default_stickiness", Text, nullable=False),
    Column("feature_limit", Integer),
    Column("feature_naming_pattern", Text),
    Column("feature_naming_example", Text),
    Column("feature_naming_description", Text),
    Column("link_templates", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("archived_at", BigInteger),
    info=audited("project", "id"),
)
"""How healthy a project is follows from its flags, so it is worked out and not stored."""

project_environments = Table(
    "project_environments",
    metadata,
    Column("project", Text, primary_key=True),
    Column("environment", Text, primary_key=True, index=True),
    Column("default_strategy", Text),
    info=audited("project", "project", "environment"),
)

favorite_projects = Table(
    "favorite_projects",
    metadata,
    Column("project", Text, primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False, index=True),
    info=audited("favorite-project", "project"),
)
