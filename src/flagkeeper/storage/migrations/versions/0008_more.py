"""Why events happened: a column beside what they say; and why somebody asked for a pseudonym."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("events", sa.Column("more", sa.Text()))
    op.add_column("log_pseudonyms", sa.Column("context", sa.Text()))
