"""Figures of projects. A day is a number of days since 1970 (UTC)."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from flagkeeper.storage.metadata import metadata

project_days = Table(
    "project_days",
    metadata,
    Column("project", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("events", Integer, nullable=False),
    Column("flags_created", Integer, nullable=False),
    Column("flags_archived", Integer, nullable=False),
    Column("members_added", Integer, nullable=False),
)
"""What the log says of a project, added up by `follower`."""

flag_first_enabled = Table(
    "flag_first_enabled",
    metadata,
    Column("feature_name", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
"""When each flag was first on in an environment, as the log says."""
Index("ix_flag_first_enabled_at", flag_first_enabled.c.at)

project_health_days = Table(
    "project_health_days",
    metadata,
    Column("project", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("health", Integer, nullable=False),
)
"""How healthy a project was when `jobs` last looked on that day: it changes as time goes by, without an event."""
