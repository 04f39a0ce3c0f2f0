"""Imports of a server's state that are under way, and what is still to be done of them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "state_imports",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.Text()),
        sa.Column("problem", sa.Text()),
        sa.Column("touched_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_state_imports"),
        sa.UniqueConstraint("file_hash", name="uq_state_imports_file_hash"),
    )
    op.create_index("ix_state_imports_phase", "state_imports", ["phase"])
    op.create_table(
        "state_import_chunks",
        sa.Column("import_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "number", name="pk_state_import_chunks"),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["state_imports.id"],
            name="fk_state_import_chunks_import_id_state_imports",
            ondelete="CASCADE",
        ),
    )
