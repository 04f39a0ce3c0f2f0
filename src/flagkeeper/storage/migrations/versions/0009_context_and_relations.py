"""Context fields; and what hangs on flags: dependencies, links, completions, stages of their lives, favourites."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

FIELDS = (
    ("environment", "The environment in which the application runs", False),
    ("userId", "Who uses the application", True),
    ("appName", "The name of the application", False),
    ("currentTime", "The moment at which a flag is evaluated", False),
    ("sessionId", "The session of whoever uses the application", True),
)


def upgrade() -> None:
    _create_fields()
    _create_relations()
    op.create_table(
        "feature_stages",
        sa.Column("feature_name", sa.Text(), nullable=False),
        sa.Column("revived_at", sa.BigInteger(), nullable=True),
        sa.Column("pre_live_at", sa.BigInteger(), nullable=True),
        sa.Column("live_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("feature_name", name=op.f("pk_feature_stages")),
    )
    op.create_table(
        "favorite_projects",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("project", "user_id", name=op.f("pk_favorite_projects")),
    )
    op.create_index(op.f("ix_favorite_projects_user_id"), "favorite_projects", ["user_id"])


def _create_fields() -> None:
    """With those that every SDK knows, where the first start is over; else that creates them, with their events."""
    fields = op.create_table(
        "context_fields",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("legal_values", sa.Text(), nullable=False),
        sa.Column("stickiness", sa.Boolean(), nullable=False),
        sa.Column("sort_order", sa.Integer(), nullable=False),
        sa.Column("project", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_context_fields")),
    )
    if op.get_bind().execute(sa.text("SELECT id FROM users LIMIT 1")).first() is None:
        return
    for place, (name, description, stickiness) in enumerate(FIELDS):
        row = {"name": name, "description": description, "stickiness": stickiness, "sort_order": place}
        op.execute(fields.insert().values(**row, legal_values="[]", created_at=int(time.time() * 1000)))


def _create_relations() -> None:
    op.create_table(
        "feature_dependencies",
        sa.Column("feature_name", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("variants", sa.Text(), nullable=False),
        _of_flag("feature_dependencies"),
        sa.ForeignKeyConstraint(["parent"], ["features.name"], name=op.f("fk_feature_dependencies_parent")),
        sa.PrimaryKeyConstraint("feature_name", "parent", name=op.f("pk_feature_dependencies")),
    )
    op.create_index(op.f("ix_feature_dependencies_parent"), "feature_dependencies", ["parent"])
    op.create_table(
        "feature_links",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("feature_name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        _of_flag("feature_links"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature_links")),
    )
    op.create_index(op.f("ix_feature_links_feature_name"), "feature_links", ["feature_name"])
    op.create_table(
        "feature_completions",
        sa.Column("feature_name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_value", sa.Text(), nullable=True),
        _of_flag("feature_completions"),
        sa.PrimaryKeyConstraint("feature_name", name=op.f("pk_feature_completions")),
    )
    op.create_table(
        "favorite_features",
        sa.Column("feature_name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        _of_flag("favorite_features"),
        sa.PrimaryKeyConstraint("feature_name", "user_id", name=op.f("pk_favorite_features")),
    )
    op.create_index(op.f("ix_favorite_features_user_id"), "favorite_features", ["user_id"])


def _of_flag(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_feature_name")
    return sa.ForeignKeyConstraint(["feature_name"], ["features.name"], name=name, ondelete="CASCADE")
