"""Edges that are connected, as they tell of themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "edge_instances",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edge_instances")),
    )
    op.create_index(op.f("ix_edge_instances_reported_at"), "edge_instances", ["reported_at"])
