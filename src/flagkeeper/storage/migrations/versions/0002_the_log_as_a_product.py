"""The event log as a product: archive, legal holds and pseudonyms."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SEQUENCES = sa.table("sequences", sa.column("name"), sa.column("last"))

REPLACED = ("feature_name_id", "environment_id", "created_by_user_id_id", "group_id")
"""Indexes of events whose work the index of the log does."""
FOR_CLIENTS = sa.text("reach = 1")


def upgrade() -> None:
    _indexes_of_events()
    _archive()
    _deliveries()
    op.add_column("integrations", sa.Column("query", sa.Text(), nullable=True))


def _indexes_of_events() -> None:
    for name in REPLACED:
        op.drop_index(f"ix_events_{name}", table_name="events")
    op.create_index(
        "ix_events_for_clients",
        "events",
        ["environment", "id"],
        sqlite_where=FOR_CLIENTS,
        postgresql_where=FOR_CLIENTS,
    )


def _archive() -> None:
    op.create_table(
        "log_segments",
        sa.Column("first_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("replaced", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("first_id", name=op.f("pk_log_segments")),
    )
    op.create_table(
        "log_newest",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_log_newest")),
    )
    op.create_table(
        "log_holds",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_holds")),
    )
    # The row under which placing a hold and removing events take turns; it must be there before the first of either.
    op.bulk_insert(SEQUENCES, [{"name": "log_holds", "last": 0}])
    op.create_table(
        "log_runs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_log_runs")),
    )
    op.create_table(
        "log_writing",
        sa.Column("folder", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("folder", name=op.f("pk_log_writing")),
    )
    op.create_table(
        "log_pseudonyms",
        sa.Column("pseudonym", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("touched_first", sa.BigInteger(), nullable=True),
        sa.Column("touched_last", sa.BigInteger(), nullable=True),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("pseudonym", name=op.f("pk_log_pseudonyms")),
    )


def _deliveries() -> None:
    """How much waits, and since when, is counted in the index alone; what is done is found without the rest."""
    op.drop_index("ix_deliveries_due", "deliveries")
    for name, columns, state in (
        ("ix_deliveries_due", ["integration_id", "due_at", "event_id", "since"], "waiting"),
        ("ix_deliveries_done", ["integration_id", "event_id"], "done"),
    ):
        condition = sa.text(f"state = '{state}'")
        op.create_index(name, "deliveries", columns, unique=False, sqlite_where=condition, postgresql_where=condition)
