"""Tables of the log. Times are in milliseconds; `data`, `pre_data` and `tags` are JSON text, ready to be sent. So is
`more`, which `eventlog.more` reads."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    literal_column,
)

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import metadata

events = Table(
    "events",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_by_user_id", BigInteger),
    Column("project", Text),
    Column("environment", Text),
    Column("feature_name", Text),
    Column("data", Text),
    Column("pre_data", Text),
    Column("tags", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("ip", Text, nullable=False),
    Column("group_type", Text),
    Column("group_id", Text),
    Column("subject", Text, nullable=False),
    Column("reach", SmallInteger, nullable=False),
    Column("more", Text),
)
Index("ix_events_created_at", events.c.created_at)
# These are for the newest event of a type, of a project, and that concerns the SDKs of an environment. What people look
# for is found by the index of the log (`eventlog.index`), which costs a change nothing.
Index("ix_events_type_id", events.c.type, events.c.id)
Index("ix_events_project_id", events.c.project, events.c.id)
_FOR_CLIENTS = events.c.reach == literal_column("1")
Index(
    "ix_events_for_clients",
    events.c.environment,
    events.c.id,
    sqlite_where=_FOR_CLIENTS,
    postgresql_where=_FOR_CLIENTS,
)

log_subjects = Table(
    "log_subjects",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("path", Text, nullable=False, unique=True),
)

log_versions = Table(
    "log_versions",
    metadata,
    Column("event_id", BigId, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("subject_id", BigId, ForeignKey("log_subjects.id"), primary_key=True, autoincrement=False),
    Column("schema", Integer, nullable=False),
    Column("state", LargeBinary),
)
# The state of a subject at any event: its newest version up to there.
Index("ix_log_versions_subject_id_event_id", log_versions.c.subject_id, log_versions.c.event_id)

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Text, nullable=False),
    Column("last_id", BigInteger, nullable=False),
    Column("last_created_at", BigInteger, nullable=False),
)

log_followers = Table(
    "log_followers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
)

log_quarantine = Table(
    "log_quarantine",
    metadata,
    Column("follower", Text, primary_key=True),
    Column("event_id", BigInteger, primary_key=True, autoincrement=False),
    Column("error", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
