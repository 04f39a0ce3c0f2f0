"""Tables of the index. On SQLite they are in a file of their own, which every connection attaches: its writer must not
hold up changes. They are derived data: never migrated or backed up, but built again."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text

from flagkeeper.storage.dialects import BigId, ByteText

FORM = 5
"""Rises when the tables, or what is noted in them, change. It is part of their names: of two releases that run on one
database for a while, each keeps an index of its own, and neither finds less because of the other."""

index_metadata = MetaData()

search_state = Table(
    f"search_state_{FORM}",
    index_metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Text, nullable=False),
)
"""One row: which log the tables are about."""

search_blocks = Table(
    f"search_blocks_{FORM}",
    index_metadata,
    Column("first_id", BigId, primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False),
    Column("last_created_at", BigInteger, nullable=False),
    Column("directory", BigInteger),
    Column("bit", Integer, nullable=False, default=0),
)
"""When a block's last event happened tells whether the index is about this log, or about one that was since replaced by
an older copy of itself. `directory` is the first block of the directory that lists this one, `bit` its bit there."""

search_terms = Table(
    f"search_terms_{FORM}",
    index_metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("term", ByteText, primary_key=True),
    Column("events", Integer, nullable=False),
    Column("ids", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""For a trigram, `ids` are the numbers of the block's values that contain it."""

search_values = Table(
    f"search_values_{FORM}",
    index_metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("value", Text, nullable=False),
    Column("ids", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

search_names = Table(
    f"search_names_{FORM}", index_metadata, Column("term", ByteText, primary_key=True), sqlite_with_rowid=False
)
"""Every term of the kinds that patterns are matched against (`terms.NAMED`), once."""

search_directories = Table(
    f"search_directories_{FORM}",
    index_metadata,
    Column("directory", BigInteger, primary_key=True, autoincrement=False),
    Column("term", ByteText, primary_key=True),
    Column("bits", Integer, nullable=False),
    Column("events", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""`bits` of the blocks that have the term, and how many of their events do (of a trigram: how many values)."""
