"""Tables of deliveries. They record what was sent to others and are no audited state."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, literal_column

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import metadata

deliveries = Table(
    "deliveries",
    metadata,
    Column("integration_id", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("parts_done", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
)
"""One row for an event and an integration that wants it. No foreign keys: rows of what was deleted are cleared away
some at a time, so that nobody waits for a long list to go."""

IS_WAITING = deliveries.c.state == literal_column("'waiting'")
IS_DEAD = deliveries.c.state == literal_column("'dead'")
IS_DONE = deliveries.c.state == literal_column("'done'")
"""Written out, not bound: a database takes a partial index only when it sees the very same words."""

Index(
    "ix_deliveries_due",
    deliveries.c.integration_id,
    deliveries.c.due_at,
    deliveries.c.event_id,
    deliveries.c.since,
    sqlite_where=IS_WAITING,
    postgresql_where=IS_WAITING,
)
"""With `since`, so that how much waits, and since when, is counted in the index alone."""
Index(
    "ix_deliveries_dead",
    deliveries.c.integration_id,
    deliveries.c.event_id,
    sqlite_where=IS_DEAD,
    postgresql_where=IS_DEAD,
)
Index(
    "ix_deliveries_done",
    deliveries.c.integration_id,
    deliveries.c.event_id,
    sqlite_where=IS_DONE,
    postgresql_where=IS_DONE,
)

integration_events = Table(
    "integration_events",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("integration_id", BigInteger, nullable=False),
    Column("event_id", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_details", Text, nullable=False),
    Column("details", Text, nullable=False),
)
"""One row for each attempt; `details` is JSON text, ready to be sent."""
Index("ix_integration_events_integration_id_id", integration_events.c.integration_id, integration_events.c.id)
