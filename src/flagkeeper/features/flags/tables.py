"""Tables of flags. Lists and maps (variants, parameters, constraints) are JSON text; times are in milliseconds."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from flagkeeper.storage.metadata import audited, metadata

features = Table(
    "features",
    metadata,
    Column("name", Text, primary_key=True),
    Column("project", Text, nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("description", Text),
    Column("stale", Boolean, nullable=False),
    Column("potentially_stale", Boolean, nullable=False),
    Column("impression_data", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_by_user_id", BigInteger, nullable=False),
    Column("archived_at", BigInteger),
    info=audited("flag", "feature_name"),
)
# All that is counted of a project's flags, so that counting reads no rows.
Index(
    "ix_features_counts",
    features.c.project,
    features.c.type,
    features.c.archived_at,
    features.c.stale,
    features.c.potentially_stale,
)

feature_environments = Table(
    "feature_environments",
    metadata,
    Column("feature_name", Text, ForeignKey("features.name", ondelete="CASCADE"), primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("variants", Text, nullable=False),
    info=audited("flag", "feature_name", "environment"),
)
Index("ix_feature_environments_environment", feature_environments.c.environment)

feature_strategies = Table(
    "feature_strategies",
    metadata,
    Column("id", Text, primary_key=True),
    Column("feature_name", Text, ForeignKey("features.name", ondelete="CASCADE"), nullable=False),
    Column("environment", Text, nullable=False),
    Column("strategy_name", Text, nullable=False),
    Column("title", Text),
    Column("disabled", Boolean, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("constraints", Text, nullable=False),
    Column("variants", Text, nullable=False),
    Column("sort_order", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    info=audited("flag", "feature_name", "environment"),
)
Index("ix_feature_strategies_flag", feature_strategies.c.feature_name, feature_strategies.c.environment)

feature_strategy_segments = Table(
    "feature_strategy_segments",
    metadata,
    Column("strategy_id", Text, ForeignKey("feature_strategies.id", ondelete="CASCADE"), primary_key=True),
    Column("segment_id", BigInteger, primary_key=True, autoincrement=False, index=True),
    Column("feature_name", Text, nullable=False),
    Column("environment", Text, nullable=False),
    info=audited("flag", "feature_name", "environment"),
)
Index(
    "ix_feature_strategy_segments_flag",
    feature_strategy_segments.c.feature_name,
    feature_strategy_segments.c.environment,
)

feature_tags = Table(
    "feature_tags",
    metadata,
    Column("feature_name", Text, ForeignKey("features.name", ondelete="CASCADE"), primary_key=True),
    Column("type", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    info=audited("flag", "feature_name"),
)
Index("ix_feature_tags_type_value", feature_tags.c.type, feature_tags.c.value)

feature_dependencies = Table(
    "feature_dependencies",
    metadata,
    Column("feature_name", Text, ForeignKey("features.name", ondelete="CASCADE"), primary_key=True),
    Column("parent", Text, ForeignKey("features.name"), primary_key=True, index=True),
    Column("enabled", Boolean, nullable=False),
    Column("variants", Text, nullable=False),
    info=audited("flag", "feature_name"),
)

feature_links = Table(
    "feature_links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("feature_name", Text, ForeignKey("features.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("title", Text),
    info=audited("flag", "feature_name"),
)

feature_completions = Table(
    "feature_completions",
    metadata,
    Column("feature_name", Text, ForeignKey("features.name", ondelete="CASCADE"), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_value", Text),
    info=audited("flag", "feature_name"),
)

favorite_features = Table(
    "favorite_features",
    metadata,
    Column("feature_name", Text, ForeignKey("features.name", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False, index=True),
    info=audited("favorite-flag", "feature_name"),
)

feature_types = Table(
    "feature_types",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("lifetime_days", Integer),
    Column("sort_order", Integer, nullable=False),
    info=audited("flag-type", "id"),
)

feature_last_seen = Table(
    "feature_last_seen",
    metadata,
    Column("feature_name", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
"""When an SDK last evaluated a flag. Usage, not state: it changes without an event."""

feature_stages = Table(
    "feature_stages",
    metadata,
    Column("feature_name", Text, primary_key=True),
    Column("revived_at", BigInteger),
    Column("pre_live_at", BigInteger),
    Column("live_at", BigInteger),
)
"""What usage says of the life of a flag. A flag that was revived begins again; where there is no row, nobody has asked
for the flag yet. The other stages follow from what is known anyway: created, completed, archived."""
