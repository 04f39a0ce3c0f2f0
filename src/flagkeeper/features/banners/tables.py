"""Table of banners."""

from sqlalchemy import BigInteger, Boolean, Column, Table, Text

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import audited, metadata

banners = Table(
    "banners",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("message", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("variant", Text, nullable=False),
    Column("sticky", Boolean, nullable=False),
    Column("icon", Text),
    Column("link", Text),
    Column("link_text", Text),
    Column("dialog_title", Text),
    Column("dialog", Text),
    Column("created_at", BigInteger, nullable=False),
    info=audited("banner", "id"),
)
