"""A table that is always empty: writing to it and emptying it again shows that the database can grow."""

from sqlalchemy import Column, LargeBinary, Table, bindparam, delete, insert

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import metadata
from flagkeeper.storage.statement import Write

storage_probe = Table(
    "storage_probe", metadata, Column("id", BigId, primary_key=True), Column("content", LargeBinary, nullable=False)
)

PROBE = Write[object](insert(storage_probe).values(id=1, content=bindparam("content")))
UNPROBE = Write[object](delete(storage_probe))
