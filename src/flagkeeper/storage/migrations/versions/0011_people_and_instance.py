"""Links to choose a password and to sign up, mails, attempts of strangers, settings of the instance, feedback."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _links()
    _signups()
    op.create_table(
        "attempts",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", "who", name=op.f("pk_attempts")),
    )
    op.create_index("ix_attempts_ends_at", "attempts", ["ends_at"])
    op.create_table(
        "settings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settings")),
    )
    _feedback()
    _edge()


def _edge() -> None:
    op.create_table(
        "edge_tokens",
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("projects", sa.Text(), nullable=False),
        sa.Column("token_id", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_tokens.id"], name=op.f("fk_edge_tokens_token_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("environment", "projects", name=op.f("pk_edge_tokens")),
    )
    op.create_index("ix_edge_tokens_token_id", "edge_tokens", ["token_id"])
    op.create_table(
        "edge_nonces",
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_edge_nonces")),
    )
    op.create_index("ix_edge_nonces_seen_at", "edge_nonces", ["seen_at"])


def _links() -> None:
    op.create_table(
        "account_links",
        sa.Column("id_hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_account_links_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_account_links")),
    )
    op.create_index("ix_account_links_user_id", "account_links", ["user_id"])
    op.create_table(
        "mails",
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("recipient", "kind", name=op.f("pk_mails")),
    )
    op.create_index("ix_mails_next_at", "mails", ["next_at"])


def _signups() -> None:
    op.create_table(
        "signup_links",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signup_links")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_signup_links_secret_hash")),
    )
    op.create_table(
        "signup_link_users",
        sa.Column("link_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"], ["signup_links.id"], name=op.f("fk_signup_link_users_link_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_signup_link_users_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("link_id", "user_id", name=op.f("pk_signup_link_users")),
    )
    op.create_index("ix_signup_link_users_user_id", "signup_link_users", ["user_id"])


def _feedback() -> None:
    op.create_table(
        "user_splashes",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("splash_id", sa.Text(), nullable=False),
        sa.Column("seen", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_splashes_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "splash_id", name=op.f("pk_user_splashes")),
    )
    op.create_table(
        "user_feedback",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("feedback_id", sa.Text(), nullable=False),
        sa.Column("given_at", sa.BigInteger()),
        sa.Column("never_show", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_feedback_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "feedback_id", name=op.f("pk_user_feedback")),
    )
    op.create_table(
        "feedback",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("user_type", sa.Text()),
        sa.Column("difficulty_score", sa.Float()),
        sa.Column("positive", sa.Text()),
        sa.Column("areas_for_improvement", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
