"""What insights are made of. A week is a number of weeks since that of 1970-01-01; it begins on a Monday (UTC)."""

from sqlalchemy import BigInteger, Column, Float, Integer, Table, Text

from flagkeeper.storage.metadata import metadata

project_week_counts = Table(
    "project_week_counts",
    metadata,
    Column("project", Text, primary_key=True),
    Column("week", Integer, primary_key=True, autoincrement=False),
    Column("counted", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("number", Integer, nullable=False),
)
"""What the log says of a project, added up by `follower`: how many flags were `created` (`name`: their type) and
`archived`, and how often flags were `changed` in an environment (`name`: which)."""

project_weeks = Table(
    "project_weeks",
    metadata,
    Column("project", Text, primary_key=True),
    Column("week", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("flags", Integer, nullable=False),
    Column("stale", Integer, nullable=False),
    Column("potentially_stale", Integer, nullable=False),
    Column("members", Integer, nullable=False),
    Column("days_to_production", Float, nullable=False),
)
"""What `jobs` last saw in that week, at `at`."""

project_week_usage = Table(
    "project_week_usage",
    metadata,
    Column("project", Text, primary_key=True),
    Column("week", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("yes", BigInteger, nullable=False),
    Column("no", BigInteger, nullable=False),
    Column("applications", Integer, nullable=False),
    Column("flags", Integer, nullable=False),
    Column("environments", Integer, nullable=False),
)
"""What SDKs reported of the flags of a project in that week, as of `at`."""

user_days = Table(
    "user_days",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("people", Integer, nullable=False),
    Column("active", Integer, nullable=False),
)
"""How many people there were on a day (since 1970), and how many of them had been there lately."""
