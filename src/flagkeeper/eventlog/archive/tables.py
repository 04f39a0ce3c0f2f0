"""Tables of the archive. Times are in milliseconds."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import metadata

log_segments = Table(
    "log_segments",
    metadata,
    Column("first_id", BigId, primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("replaced", Text),
)
"""One row for each file. They follow each other without a gap, from event 1 on. `replaced` is a file that this one took
the place of, until that one is deleted."""

log_newest = Table(
    "log_newest",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("event_id", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
"""The newest archived event of each project (`project`), and of each environment the newest that concerns SDK clients
(`environment`; the empty name: those without one). It answers what would need a look into every segment."""

log_holds = Table(
    "log_holds",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
"""Legal holds that stand. A lifted one lives on in the log."""

log_runs = Table(
    "log_runs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("segments", Integer, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("error", Text),
)
"""The last run of the archiver; one row."""

log_writing = Table("log_writing", metadata, Column("folder", Text, primary_key=True))
"""The folder of the archive into which a process writes, or did when it was killed; one row at most."""

log_pseudonyms = Table(
    "log_pseudonyms",
    metadata,
    Column("pseudonym", Text, primary_key=True),
    Column("user_id", BigInteger),
    Column("names", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("reached", BigInteger, nullable=False),
    Column("touched_first", BigInteger),
    Column("touched_last", BigInteger),
    Column("events", BigInteger, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("context", Text),
)
"""Pseudonyms, and how far putting them in place has come. `names`, `asked_by` and `context` (why somebody asked) are
JSON; the names, which are what must be forgotten, are emptied with the last step."""
