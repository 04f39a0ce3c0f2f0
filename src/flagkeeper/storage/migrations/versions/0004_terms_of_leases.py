"""Leases have a term. Older servers beside this one neither read nor write it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("leases", sa.Column("term", sa.BigInteger(), server_default="0", nullable=False))
