"""Tables of usage. None is audited: what SDKs report is no change that anybody made."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from flagkeeper.storage.metadata import metadata

client_applications = Table(
    "client_applications",
    metadata,
    Column("app_name", Text, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("description", Text),
    Column("url", Text),
    Column("color", Text),
    Column("icon", Text),
    Column("strategies", Text, nullable=False),
)
"""`strategies` is a JSON list: the names that the application's SDKs can evaluate."""

client_application_usage = Table(
    "client_application_usage",
    metadata,
    Column("app_name", Text, primary_key=True),
    Column("project", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("seen_at", BigInteger, nullable=False),
)
"""Which project (`*`: all) and environment an application's tokens read."""

client_instances = Table(
    "client_instances",
    metadata,
    Column("app_name", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("instance_id", Text, primary_key=True),
    Column("sdk_version", Text),
    Column("sdk_type", Text, nullable=False),
    Column("client_ip", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False, index=True),
)

client_reports = Table(
    "client_reports",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("app_name", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("day", Integer, nullable=False),
)
"""On which day (since 1970) an event of this kind was last recorded: there is at most one a day."""

client_metrics = Table(
    "client_metrics",
    metadata,
    Column("feature_name", Text, primary_key=True),
    Column("span", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("app_name", Text, primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("yes", BigInteger, nullable=False),
    Column("no", BigInteger, nullable=False),
)
"""How often a flag was on and off in an `hour` or a `day` (`span`), which begins at `start`."""
Index("ix_client_metrics_age", client_metrics.c.span, client_metrics.c.start)

client_metrics_variants = Table(
    "client_metrics_variants",
    metadata,
    Column("feature_name", Text, primary_key=True),
    Column("span", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("app_name", Text, primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("variant", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)
"""How often each variant was given; `disabled` counts no variant."""
Index("ix_client_metrics_variants_age", client_metrics_variants.c.span, client_metrics_variants.c.start)

unknown_flags = Table(
    "unknown_flags",
    metadata,
    Column("name", Text, primary_key=True),
    Column("app_name", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("seen_at", BigInteger, nullable=False, index=True),
)
"""Flags that SDKs asked for and nobody has created."""
