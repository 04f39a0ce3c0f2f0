"""Tables of tags and tag types."""

from sqlalchemy import Column, Table, Text

from flagkeeper.storage.metadata import audited, metadata

tag_types = Table(
    "tag_types",
    metadata,
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("icon", Text),
    Column("color", Text),
    info=audited("tag-type", "name"),
)

tags = Table(
    "tags",
    metadata,
    Column("type", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    info=audited("tag", "type", "value"),
)
