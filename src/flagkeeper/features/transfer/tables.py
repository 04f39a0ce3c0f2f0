"""Tables of imports that are under way. None is audited: what an import does is recorded as it is done."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Text

from flagkeeper.storage.metadata import metadata

state_imports = Table(
    "state_imports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("phase", Text, nullable=False, index=True),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("file_hash", Text, unique=True),
    Column("problem", Text),
    Column("touched_at", BigInteger, nullable=False),
)
"""`id` is the `groupId` of its events; `done` and `total` count chunks; `file_hash` is of a file that servers import at
their start, once."""

state_import_chunks = Table(
    "state_import_chunks",
    metadata,
    Column("import_id", Text, ForeignKey("state_imports.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("steps", Text, nullable=False),
)
"""What is still to be done: a chunk goes when it has been."""
