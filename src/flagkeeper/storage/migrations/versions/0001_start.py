"""The first schema."""

from alembic import op

from flagkeeper.kernel.ids import new_ulid
from flagkeeper.schema import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    op.bulk_insert(metadata.tables["log_head"], [{"id": 1, "epoch": new_ulid(), "last_id": 0, "last_created_at": 0}])
