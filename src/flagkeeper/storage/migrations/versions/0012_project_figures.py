"""Figures of projects, by day, which a follower keeps; it starts at the beginning of the log."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "project_days",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("flags_created", sa.Integer(), nullable=False),
        sa.Column("flags_archived", sa.Integer(), nullable=False),
        sa.Column("members_added", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project", "day", name=op.f("pk_project_days")),
    )
    op.create_table(
        "flag_first_enabled",
        sa.Column("feature_name", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("feature_name", "environment", name=op.f("pk_flag_first_enabled")),
    )
    op.create_table(
        "project_health_days",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("health", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project", "day", name=op.f("pk_project_health_days")),
    )
    op.create_index("ix_flag_first_enabled_at", "flag_first_enabled", ["at"])
    op.create_index("ix_features_counts", "features", ["project", "type", "archived_at", "stale", "potentially_stale"])
