"""What insights are made of, by week and by day; a follower that starts at the beginning of the log fills the first."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "project_week_counts",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("week", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("counted", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project", "week", "counted", "name", name=op.f("pk_project_week_counts")),
    )
    op.create_table(
        "project_weeks",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("week", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("stale", sa.Integer(), nullable=False),
        sa.Column("potentially_stale", sa.Integer(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("days_to_production", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("project", "week", name=op.f("pk_project_weeks")),
    )
    op.create_table(
        "project_week_usage",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("week", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("yes", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("applications", sa.Integer(), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("environments", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project", "week", name=op.f("pk_project_week_usage")),
    )
    op.create_table(
        "user_days",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_user_days")),
    )
