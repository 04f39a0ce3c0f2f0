"""What SAML providers have just said."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "saml_answers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saml_answers")),
        sa.UniqueConstraint("code", name=op.f("uq_saml_answers_code")),
    )
    op.create_index("ix_saml_answers_ends_at", "saml_answers", ["ends_at"])
