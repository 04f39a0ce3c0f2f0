"""Banners, counts of requests, what applications measure, and charts of that."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "banners",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("sticky", sa.Boolean(), nullable=False),
        sa.Column("icon", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("link_text", sa.Text(), nullable=True),
        sa.Column("dialog_title", sa.Text(), nullable=True),
        sa.Column("dialog", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_banners")),
    )
    op.create_table(
        "traffic_days",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("series", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("polls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "area", "series", name=op.f("pk_traffic_days")),
    )
    op.create_table(
        "traffic_steps",
        sa.Column("step", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("step", "route", "application", name=op.f("pk_traffic_steps")),
    )
    op.create_table(
        "measured_metrics",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("help", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "name", name=op.f("pk_measured_metrics")),
    )
    op.create_table(
        "measured_series",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "metric", "sample", "labels", name=op.f("pk_measured_series")),
    )
    op.create_index("ix_measured_series_seen_at", "measured_series", ["seen_at"])
    op.create_table(
        "impact_charts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("flag", sa.Text(), nullable=True),
        sa.Column("metric_name", sa.Text(), nullable=False),
        sa.Column("time_range", sa.Text(), nullable=False),
        sa.Column("aggregation_mode", sa.Text(), nullable=False),
        sa.Column("y_axis_min", sa.Text(), nullable=False),
        sa.Column("label_selectors", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_impact_charts")),
    )
    op.create_index("ix_impact_charts_flag", "impact_charts", ["flag"])
    op.create_table(
        "cdn_tokens",
        sa.Column("token_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_tokens.id"], name=op.f("fk_cdn_tokens_token_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_cdn_tokens")),
    )
    op.create_table(
        "user_subscriptions",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_subscriptions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "subscription", name=op.f("pk_user_subscriptions")),
    )
    op.create_table(
        "notification_reads",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notification_reads_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "event_id", name=op.f("pk_notification_reads")),
    )
